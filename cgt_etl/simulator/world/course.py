"""What has come about so far in one journey, while it is put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from cgt_etl.simulator.model import Administration, Bag, Batch, Collection, CordUnit, Features

UNKNOWN = Features(0, False, 0.0, 0.0, "", "", 0.0, 0.0, None)


@dataclass
class Course:
    """Grows as things happen; `journeys` makes a `Journey` of it."""

    collections: list[Collection] = field(default_factory=list)
    cord_units: list[CordUnit] = field(default_factory=list)
    bags: list[Bag] = field(default_factory=list)
    backup: tuple[str, ...] = ()
    batches: list[Batch] = field(default_factory=list)
    administrations: list[Administration] = field(default_factory=list)
    ordered: datetime | None = None
    order_id: str = ""
    coi: str = ""
    dropped_out: str = ""
    dropped_out_on: date | None = None
    relapsed: date | None = None
    """Of a patient who was treated again for it."""
    features: Features = UNKNOWN

    def ends(self, how: str, on: date) -> Course:
        """It goes no further than this."""
        self.dropped_out, self.dropped_out_on = how, on
        return self
