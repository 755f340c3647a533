"""The nightly requests of a donor registry: for each recipient of an unrelated graft the donor who gave, and others who were asked in vain.

Days alone. A request is stated again each time that it has come further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from cgt_etl.simulator import numbers
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.facts import Csv, DefectClass, Fact, Layout, Named, Record, Stated
from cgt_etl.simulator.model import Journey
from cgt_etl.simulator.parties import Network
from cgt_etl.simulator.world.people import DONORS

DIALECT = "donor_registry"
COLUMNS = (
    "request_no", "grid", "patient_id", "request_type", "product", "status", "reason", "donor_sex", "donor_age", "donor_weight_kg",
    "donor_abo", "donor_rh", "donor_cmv", "collection_centre", "requested", "typed", "examined", "cleared", "planned_collection", "closed",
    "donor_name",
)  # fmt: skip
FEEDS: Mapping[str, Layout] = {"request": Csv("requests_{stamp}.csv", COLUMNS)}
ASKED_IN_VAIN = 5 * DONORS
"""Truth's numbers of donors who were asked and did not give start here."""
ORGANISATION = 9999
DEFERRED, CANCELLED = 0.35, 0.35
"""Shares of searches with a donor who was deferred at the examination, or whose request was cancelled. No figure is published."""
SEX = {"female": "F", "male": "M"}
DAYS = ("requested", "typed", "examined", "cleared", "planned_collection", "closed")
"""Columns in the order in which a request comes through them."""


class Asked(NamedTuple):
    """A donor as the registry lists them."""

    number: int
    grid: str
    cells: Mapping[str, str]


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The requests for the journey's recipient, each as it stands after each of its days."""
    donor = journey.donor
    if not donor.grid or donor == journey.patient:
        return
    giver = Asked(donor.number, donor.grid, _listed(SEX[donor.sex], (journey.referred - donor.born).days // 365, donor.weight_kg, draws))
    first = min((run.started.date() for run in journey.collections), default=None)
    for registry in network.donor_registries:
        search = _Search(journey, registry.partner, draws)
        yield from search.request(1, giver, search.typing(journey.referred))
        if first is not None:
            yield from search.request(2, giver, _workup(journey.referred, first))
        if draws.chance(DEFERRED):
            yield from search.request(3, search.another(1), search.deferred(journey.referred))
        if draws.chance(CANCELLED):
            yield from search.request(4, search.another(2), search.cancelled(journey.referred))


def _listed(sex: str, age: int, weight_kg: float, draws: Draws) -> Mapping[str, str]:
    pick = draws.random
    return {
        "donor_sex": sex,
        "donor_age": str(age),
        "donor_weight_kg": f"{weight_kg:g}",
        "donor_abo": pick.choice(("O", "O", "A", "A", "B", "AB")),
        "donor_rh": pick.choice(("POS", "POS", "POS", "NEG")),
        "donor_cmv": pick.choice(("POS", "NEG")),
    }


def _workup(referred: date, first: date) -> Mapping[str, str | date]:
    examined = max(referred, first - timedelta(days=12))
    return {
        "request_type": "WU",
        "product": "HPC(A)",
        "requested": max(referred, first - timedelta(days=30)),
        "examined": examined,
        "cleared": max(examined, first - timedelta(days=6)),
        "planned_collection": first,
        "closed": first,
        "status": "CPL",
        "collection_centre": "CC-14",
    }


class _Search:
    """The registry's search for one recipient."""

    def __init__(self, journey: Journey, registry: str, draws: Draws) -> None:
        self.journey, self.registry, self.draws = journey, registry, draws

    def another(self, place: int) -> Asked:
        """A donor who does not give for this recipient."""
        number = ASKED_IN_VAIN + self.journey.number * 10 + place
        pick = self.draws.random
        listed = _listed(pick.choice("FM"), pick.randint(19, 54), round(pick.uniform(52, 105), 1), self.draws)
        return Asked(number, numbers.registration_identifier(ORGANISATION, number), listed)

    def typing(self, referred: date) -> Mapping[str, str | date]:
        typed = referred + timedelta(days=self.draws.random.randint(5, 12))
        return {"request_type": "CT", "requested": referred, "typed": typed, "closed": typed, "status": "CPL"}

    def deferred(self, referred: date) -> Mapping[str, str | date]:
        requested = referred + timedelta(days=2)
        examined = requested + timedelta(days=self.draws.random.randint(6, 14))
        reason = self.draws.random.choice(("DM", "DI"))
        return {
            "request_type": "WU",
            "product": "HPC(A)",
            "requested": requested,
            "examined": examined,
            "closed": examined + timedelta(days=1),
            "status": "DEF",
            "reason": reason,
        }

    def cancelled(self, referred: date) -> Mapping[str, str | date]:
        requested = referred + timedelta(days=1)
        closed = requested + timedelta(days=self.draws.random.randint(3, 15))
        reason = self.draws.random.choice(("PO", "PD", "DU"))
        return {"request_type": "CT", "requested": requested, "closed": closed, "status": "CAN", "reason": reason}

    def request(self, place: int, asked: Asked, course: Mapping[str, str | date]) -> Iterator[Fact]:
        """The versions of one request: a new one on each day on which it came further."""
        number = f"BR-{self.journey.number:05d}{place}"
        grid = asked.grid if self.draws.chance(0.5) else _in_fours(asked.grid)
        days = sorted({day for name in DAYS if name != "planned_collection" and isinstance(day := course.get(name), date)})
        for version, known in enumerate(days):
            is_last = version == len(days) - 1
            row = dict.fromkeys(COLUMNS, "") | {"request_no": number, "grid": grid, "patient_id": self.journey.patient.crid, **asked.cells}
            row |= {name: str(course.get(name, "")) for name in ("request_type", "product", "collection_centre")}
            row |= {name: day.isoformat() for name in DAYS if isinstance(day := course.get(name), date) and day <= known}
            row |= {"status": str(course["status"]), "reason": str(course.get("reason", ""))} if is_last else {"status": _stage(row)}
            yield Fact(
                partner=self.registry,
                feed="request",
                known=known,
                record=row,
                key=(number,),
                journey=self.journey.number,
                persons=(
                    Named("grid", "grid", "", asked.grid, "donor", asked.number),
                    Named("crid", "crid", "", self.journey.patient.crid, "recipient", self.journey.patient.number),
                ),
                events=tuple(_stated(asked, row)),
                until=None if is_last else days[version + 1],
                is_final=is_last,
            )


def _stage(row: Mapping[str, str]) -> str:
    return "CLR" if row["cleared"] else "REQ"


def _stated(asked: Asked, row: Mapping[str, str]) -> Iterator[Stated]:
    for event_type, day in (("donor_screened", row["examined"]), ("donor_clearance_issued", row["cleared"])):
        if day:
            yield Stated(event_type, asked.number, day, None, f"donor {asked.number} {day}")


def _in_fours(grid: str) -> str:
    return " ".join((grid[:4], grid[4:8], grid[8:12], grid[12:16], grid[16:]))


def _cell(column: str, text: Callable[[str], str]) -> Callable[[Record, Draws], Record | None]:
    return lambda record, _draws: {**record, column: text(record[column])}


def _wrong_checksum(grid: str) -> str:
    bare = grid.replace(" ", "")
    return f"{bare[:17]}{(int(bare[17:]) + 1) % 37:02d}"


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "request": (
        DefectClass("wrong_grid_checksum", "R02", "row", None, 0.12, 0.26, _cell("grid", _wrong_checksum)),
        DefectClass("no_number", "D03", "row", None, 0.03, 0.08, _cell("request_no", lambda _: "")),
        DefectClass("impossible_day", "D02", "row", None, 0.03, 0.08, _cell("requested", lambda text: f"{text[:4]}-02-30")),
        DefectClass("unknown_type", "D04", "cell", "request_type", 0.04, 0.1, _cell("request_type", lambda _: "XT")),
        DefectClass("half_a_year", "D02", "cell", "donor_age", 0.04, 0.1, _cell("donor_age", lambda text: f"{text}.5")),
        DefectClass("grams", "D07", "flag", "donor_weight", 0.04, 0.1, _cell("donor_weight_kg", lambda text: f"{float(text) * 1000:g}")),
    ),
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {
    "request": lambda record, _draws: {**record, "collection_centre": "CC-15"},
}
