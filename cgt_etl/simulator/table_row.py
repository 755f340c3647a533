"""What every row of the released tables that a simulated journey gives is made with: keys, times, and the shapes that repeat.

Holds no table of its own: things are in `table_things`, what is done with them and for whom in `table_rows`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from cgt_etl.simulator.model import Journey, Person
from cgt_etl.simulator.table_words import UNITS

Row = dict[str, Any]


def subject_key(person: Person) -> str:
    return f"person-{person.number}"


def utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def times(prefix: str, moment: datetime) -> Row:
    """The five columns in which a released table states one time."""
    return {
        f"{prefix}_at_utc": utc(moment),
        f"{prefix}_local": f"{moment:%Y-%m-%dT%H:%M}",
        f"{prefix}_date": moment.date(),
        f"{prefix}_precision": "minute",
        f"{prefix}_zone_source": "site",
    }


def age(person: Person, on: date) -> int:
    return on.year - person.born.year - ((on.month, on.day) < (person.born.month, person.born.day))


class JourneyRows:
    """The keys of one journey, and rows that several of its parts give."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.id = f"journey-{journey.number}"
        self.order = f"order-{journey.number}" if journey.order_id else None
        self.patient = subject_key(journey.patient)
        self.is_named = {run.din: run.is_autologous or run.procedure == "HPC" for run in journey.collections}
        """Collections for this recipient; of an off-the-shelf donor's nobody is named."""
        self.product = journey.product.name.lower() if journey.product.manufacturer else None

    def _event(self, event_type: str, moment: datetime, person: Person | None, **links: str | None) -> tuple[str, Row]:
        concerned = next((value for value in links.values() if value), self.id)
        return "event", {
            "event_id": f"{event_type}/{concerned}/{self.journey.number}",
            "event_type": event_type,
            "subject_id": subject_key(person) if person else None,
            **links,
            **times("occurred", moment),
            "age_years": age(person, moment.date()) if person else None,
        }

    def _measurement(self, name: str, value: float | None, moment: datetime, owner: str, **more: Any) -> tuple[str, Row]:
        return "measurement", {
            "measurement_id": f"{name}/{owner}/{self.journey.number}",
            "measurement": name,
            "replicate_no": 1,
            **times("occurred", moment),
            "value": value,
            "unit": UNITS.get(name),
            "status_code": "final",
            "value_status": "ok",
            **more,
        }

    def _edge(
        self, parent: tuple[str, str], child: tuple[str, str], kind: str, volume_ml: float | None = None, cells_e6: float | None = None
    ) -> tuple[str, Row]:
        return "product_edge", {
            "parent_table": parent[0],
            "parent_key": parent[1],
            "child_table": child[0],
            "child_key": child[1],
            "edge_type": kind,
            "volume_ml": volume_ml,
            "cell_count_10_6": cells_e6,
            "analyte": "cd3" if cells_e6 is not None else None,
        }
