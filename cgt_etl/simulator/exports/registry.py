"""The registry's snapshots: layout 10 of the partner layouts, one row per recipient and infusion, whole each night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta

from cgt_etl.simulator import genealogy
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.facts import Csv, DefectClass, Edge, Fact, Layout, Named, Record, Stated
from cgt_etl.simulator.model import Administration, Journey
from cgt_etl.simulator.parties import Network

COLUMNS = (
    "crid", "f4000_prodname", "cellprodid", "batchno", "lotno", "infdate", "entirevol", "dose_e8", "wt_kg", "crsmax", "crsscale",
    "neurotox", "bestresp", "bestresp_scale", "anc500dt", "survstat", "lastcontact", "priorlines",
)  # fmt: skip
DIALECT = "registry_ct"
FEEDS: Mapping[str, Layout] = {"outcome": Csv("reg_{stamp}.csv", COLUMNS)}
REPORTED_AFTER, ASSESSED_AFTER = timedelta(days=7), timedelta(days=28)
ALIVE, DEAD = "1", "2"
IS_ONLY_OF_MONTH = "is_only_of_month"
"""Of a record, beside its columns: whether the patient had no other infusion that month."""


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The row of each day of infusion, as it stands after a week, after four, and once the patient has died.

    Grafts, and a second product on the same day, are reported on other forms, which this export does not hold.
    """
    registry = network.registries[journey.number % len(network.registries)].partner
    first_of_day = {given.started.date(): given for given in reversed(journey.administrations) if given.arm != "graft"}
    months = Counter(f"{day:%Y-%m}" for day in first_of_day)
    for day, given in sorted(first_of_day.items()):
        died = journey.outcome.died
        stages = sorted({day + REPORTED_AFTER, day + ASSESSED_AFTER} | ({max(died, day + REPORTED_AFTER)} if died else set()))
        filler = "97" if draws.chance(0.5) else "99"
        for place, known in enumerate(stages):
            until = stages[place + 1] if place + 1 < len(stages) else None
            # two rows of one month cannot both lose their day: they would be one row
            record = {**_row(journey, given, known, filler), IS_ONLY_OF_MONTH: months[f"{day:%Y-%m}"] == 1}
            fact = replace(_fact(journey, given, registry, known, record), change=place, until=until, is_final=until is None)
            # temperatures are those of the first infusion
            had_none = given.number == journey.administrations[0].number and record["crsmax"] == "0"
            yield replace(fact, defects=(GRADE_WITHOUT_FEVER,) if had_none else ())


def _fact(journey: Journey, given: Administration, registry: str, known: date, record: Record) -> Fact:
    person = journey.patient
    named = [Named("crid", "crid", "", person.crid, "recipient", person.number)]
    issuer = given.product.numbered_by
    objects = [("lot", issuer, lot) for lot in given.lots]
    edges = [Edge("administer", ("dose_unit", lot), genealogy.infusion(journey, given)) for lot in given.lots]
    if record["batchno"]:
        objects.append(("batch", issuer, given.batch))
        edges += [Edge("fill", ("batch", given.batch), ("dose_unit", lot)) for lot in given.lots]
    if record["cellprodid"]:
        named.append(Named("cellprodid", "coi", "", journey.coi, "recipient", person.number))
    infused = Stated("infusion_started", person.number, record["infdate"], None, f"infusion {journey.number}.{given.number}")
    events = [infused]
    if record["survstat"] == DEAD:
        events.append(Stated("death_recorded", person.number, record["lastcontact"], None, f"person {person.number}"))
    return Fact(
        partner=registry, feed="outcome", known=known, record=record, key=(person.crid, record["infdate"], given.product.name),
        journey=journey.number, persons=tuple(named), events=tuple(events), edges=tuple(edges),
        objects=tuple(objects), persists=True,
    )  # fmt: skip


def _row(journey: Journey, given: Administration, known: date, filler: str) -> dict[str, str]:
    outcome, is_assessed = journey.outcome, known >= given.started.date() + ASSESSED_AFTER
    is_dead = outcome.died is not None and known >= outcome.died
    # the syndrome of a course is that of its first infusion
    grade = outcome.crs_grade if given.number == journey.administrations[0].number else 0
    is_two, is_toxic = len(given.lots) > 1, given.arm == "T" or journey.modality == "allo_nk"
    return {
        "crid": journey.patient.crid,
        "f4000_prodname": given.product.name,
        "cellprodid": journey.coi if is_two else "",
        "batchno": "" if is_two else given.batch,
        "lotno": ", ".join(given.lots),
        "infdate": f"{given.started:%Y-%m-%d}",
        "entirevol": "Yes" if given.fraction_given == 1 else "No",
        "dose_e8": f"{given.dose_e6 / 100:.2f}",
        "wt_kg": f"{journey.patient.weight_kg:g}",
        "crsmax": str(grade) if is_toxic else filler,
        "crsscale": "ASTCT" if is_toxic else "",
        # the form has no field for its scale, so that a grade cannot stand
        "neurotox": filler,
        "bestresp": outcome.response if is_assessed and is_toxic else "",
        "bestresp_scale": "Lugano" if is_assessed and is_toxic and outcome.response else "",
        "anc500dt": "",
        "survstat": DEAD if is_dead else ALIVE,
        # the table of distributions counts lines of patients with lymphoma alone
        "priorlines": str(journey.features.prior_lines or ""),
        "lastcontact": f"{outcome.died if is_dead else known:%Y-%m-%d}",
    }


def _grade_without_scale(record: Record, draws: Draws) -> Record | None:
    return {**record, "neurotox": draws.random.choice("123")}


def _partial_date(record: Record, draws: Draws) -> Record | None:
    if not record[IS_ONLY_OF_MONTH]:
        return None
    return {**record, "infdate": f"{record['infdate'][:7]}-XX"}


def _no_scale(record: Record, draws: Draws) -> Record | None:
    return {**record, "crsscale": ""} if record["crsscale"] else None


def _some_grade(record: Record, draws: Draws) -> Record | None:
    return {**record, "crsmax": draws.random.choice("12")}


GRADE_WITHOUT_FEVER = DefectClass("grade_without_fever", "R44", "flag", None, 0.18, 0.28, _some_grade, at_door=False, needs=("body_temp",))
"""Of a patient who had no release syndrome, and whose chart holds no fever."""
DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "outcome": (
        DefectClass("neurotoxicity_without_scale", "R42", "cell", "neurotox", 0.08, 0.15, _grade_without_scale),
        DefectClass("partial_date", "D06", "flag", "infdate", 0.06, 0.12, _partial_date),
        DefectClass("grade_without_scale", "R42", "cell", "crsmax", 0.06, 0.12, _no_scale),
    )
}
