"""Land again what has landed: the present door over the raw bytes in the vault, and what that set free.

The earlier admission stays beside the new one, because past nights name it; the pointer moves. Holds no rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.landing import receipt
from cgt_etl.landing.delivery import Delivery, deliveries
from cgt_etl.landing.delivery import delivery as delivery_by_id
from cgt_etl.landing.held import accepted, held
from cgt_etl.landing.land import Door, Parcel, admit_parcel, iso
from cgt_etl.landing.lease import lease
from cgt_etl.landing.version import door16, is_older
from cgt_etl.settings import Settings

Row = tuple[str, int, int]
"""Object, position in the file, item inside the record."""


@dataclass(frozen=True)
class Relanded:
    """One delivery before and after. `after` is None, and `problem` says why, where it could not be landed again."""

    before: Delivery
    after: Delivery | None
    freed_rows: int = 0
    """Rows that were set aside and are accepted now."""
    freed_cells: int = 0
    """Cells that were set aside, alone, and are read now."""
    held_rows: int = 0
    """Rows that are set aside now and were not before."""
    held_cells: int = 0
    erased: int = 0
    """Units that are erased now and were not before."""
    problem: CgtError | None = None

    @property
    def is_done(self) -> bool:
        """Another door than before admitted or refused it."""
        return self.after is not None and self.after.door16 != self.before.door16

    def line(self) -> str:
        """One sentence for a terminal."""
        if self.after is None:
            return f"{self.before.id}: not relanded: {self.problem}"
        if not self.is_done:
            return f"{self.before.id}: is under the present door already"
        if self.after.status == "refused":
            return f"{self.before.id}: refused: {self.after.manifest.reason}"
        was = "was refused, is landed now; " if self.before.status == "refused" else ""
        return (
            f"{self.before.id}: {was}set free {self.freed_rows} rows and {self.freed_cells} cells, "
            f"newly set aside {self.held_rows} rows and {self.held_cells} cells, newly erased {self.erased}"
        )


def reland_all(
    settings: Settings, registry: Registry, *, delivery: str | None = None, feed: str | None = None, received_at: datetime
) -> list[Relanded]:
    """Land again one delivery, one feed's, or all that came through another door than the present one. Takes the lease.

    Args:
        received_at: now, with a zone; becomes the manifest's `admitted_at`. The receipt of the bytes stays what it was.

    Returns:
        One answer per delivery that was named, or that the present door had not seen; a failure costs its delivery only.

    Raises:
        CgtError: no such delivery, or the suppression list cannot be opened.
        LeaseHeld: a night is writing.
    """
    with lease(settings, "cgt-etl reland"):
        door = Door.open(settings, registry)
        chosen = [delivery_by_id(settings, delivery)] if delivery else deliveries(settings)
        results = [_reland(door, one, received_at) for one in chosen if feed is None or one.feed == feed]
    return [one for one in results if delivery or one.problem or one.is_done]


def _reland(door: Door, before: Delivery, now: datetime) -> Relanded:
    try:
        said = before.manifest
        binding = door.registry.binding(before.partner, before.feed)
        if said.is_tokenised:
            if not is_older(door.registry, said):
                receipt.write_missing(door.settings, before, binding.feed)
                return Relanded(before, before)
            return Relanded(before, None, problem=said.raw_is_elsewhere())
        parcel = Parcel(binding, before.source_name, before.sha256, said.envelope_sequence, said.received_at, iso(now))
        if door16(door.version(parcel)[0]) == before.door16:
            receipt.write_missing(door.settings, before, binding.feed)
            return Relanded(before, before)
        return _compared(before, admit_parcel(door, parcel))
    except CgtError as error:
        return Relanded(before, None, problem=error)


def _compared(before: Delivery, after: Delivery) -> Relanded:
    rows_before, cells_before = _held(before)
    rows_after, cells_after = _held(after)
    # A row may also have gone because it is erased now, which sets nothing free: only what is accepted counts.
    kept = set(accepted(after, {row[0] for row in rows_before} | {row[0] for row, _ in cells_before}).iter_rows())
    return Relanded(
        before,
        after,
        freed_rows=len((rows_before - rows_after) & kept),
        freed_cells=sum(1 for row, _ in cells_before - cells_after if row in kept),
        held_rows=len(rows_after - rows_before),
        held_cells=len(cells_after - cells_before),
        erased=_erased(after) - _erased(before),
    )


def _erased(delivery: Delivery) -> int:
    return int(delivery.manifest.counts.get("units", {}).get("erased", 0))


def _held(delivery: Delivery) -> tuple[set[Row], set[tuple[Row, str]]]:
    rows: set[Row] = set()
    cells: set[tuple[Row, str]] = set()
    if delivery.status == "landed":
        for name, position, item, column, _, effect in held(delivery).iter_rows():
            if effect == "row":
                rows.add((name, position, item))
            else:
                cells.add(((name, position, item), column))
    return rows, cells
