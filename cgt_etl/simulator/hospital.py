"""The hospitals' nightly FHIR bulk exports: patients, diagnoses, results, procedures and what was given.

Each resource is delivered in the first night after it became known, and again when it changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from cgt_etl.simulator import fhir
from cgt_etl.simulator.calendar import Calendar
from cgt_etl.simulator.delivery import Defect, Delivery, Line
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.fhir import Resource, quantity
from cgt_etl.simulator.world import CENTRES, Collection, Journey

FEEDS = {
    "Patient": "patient",
    "Condition": "condition",
    "Observation": "observation",
    "Procedure": "procedure",
    "MedicationAdministration": "medication_administration",
}
TESTS: dict[str, tuple[fhir.Code, str, str, float, float]] = {
    "wbc": (("6690-2", "Leukocytes [#/volume] in Blood by Automated count"), "K/uL", "10*3/uL", 5.5, 0.25),
    "hgb": (("718-7", "Hemoglobin [Mass/volume] in Blood"), "g/dL", "g/dL", 11, 0.1),
    "plt": (("777-3", "Platelets [#/volume] in Blood by Automated count"), "K/uL", "10*3/uL", 140, 0.25),
    "anc": (("751-8", "Neutrophils [#/volume] in Blood by Automated count"), "K/uL", "10*3/uL", 3.2, 0.3),
    "ldh": (("2532-0", "Lactate dehydrogenase [Enzymatic activity/volume] in Serum or Plasma"), "U/L", "U/L", 260, 0.3),
    "ferritin": (("2276-4", None), "ng/mL", "ng/mL", 700, 0.4),
    "creatinine": (("2160-0", "Creatinine [Mass/volume] in Serum or Plasma"), "mg/dL", "mg/dL", 0.9, 0.15),
}
"""Name -> LOINC code and display, printed unit, UCUM unit, typical value, relative spread."""
MONOCYTES = 0.3
"""White cells that are neither, 10*9/L, at least."""


@dataclass(frozen=True)
class Known:
    """A resource and the day from which it is known; `change` 1 comes a night later than it otherwise would."""

    day: date
    resource: Resource
    defects: tuple[Defect, ...] = ()
    change: int = 0
    broken: bool = False
    """Cut off in the middle of its line."""


def deliveries(journeys: Iterable[Journey], calendar: Calendar, seed: int, *, defects: bool) -> list[Delivery]:
    """One NDJSON file per hospital, resource type and night that has any, each with its envelope; an export holds a resource once."""
    exports: dict[tuple[int, str, str], dict[str, Known]] = {}
    for journey in journeys:
        for known in _known(journey, Draws.seeded(seed, "hospital", journey.number), defects=defects):
            night = calendar.night_of(known.day)
            if night is not None and known.change:
                night = calendar.next_night(night)
            if night is not None:
                export = exports.setdefault((night, journey.centre.hospital, known.resource["resourceType"]), {})
                export[known.resource.get("id", f"without id, of journey {journey.number}")] = known
    files = []
    for (night, hospital, kind), export in sorted(exports.items()):
        sequence = f"{calendar.day_of(night):%Y-%m-%d}T03:00:00Z"
        file = Delivery(night, hospital, FEEDS[kind], f"{kind}.ndjson", lines=list(map(_line, export.values())), sequence=sequence)
        files.append(file)
    return files


def _line(known: Known) -> Line:
    text = json.dumps(known.resource, ensure_ascii=False, separators=(",", ":"))
    return Line(text[: len(text) * 2 // 3] if known.broken else text, known.defects)


def _known(journey: Journey, draws: Draws, *, defects: bool) -> Iterator[Known]:
    mrn = journey.person.mrn
    if journey.centre is CENTRES[1]:
        mrn = f"{mrn[:4]}-{mrn[4:]}"
    yield Known(journey.referred, fhir.patient(journey, mrn, None))
    if journey.died:
        yield Known(journey.died, fhir.patient(journey, mrn, _at(journey, journey.died, 3, 10)))
    yield Known(journey.referred, fhir.condition(journey, _at(journey, journey.referred, 9, 15)))
    yield from _before_collection(journey, draws)
    yield from _collections(journey)
    if journey.infused:
        yield from _treatment(journey, journey.infused)
        yield from _follow_up(journey, journey.infused, draws)
    yield from _changes(journey)
    if defects:
        yield from _defects(journey)


def _at(journey: Journey, day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=journey.centre.zone)


def _result(journey: Journey, draws: Draws, test: str, at: datetime, factor: float = 1.0) -> Resource:
    *_, typical, spread = TESTS[test]
    return _stated(journey, test, at, round(draws.near(typical * factor, spread), 1))


def _stated(journey: Journey, test: str, at: datetime, value: float) -> Resource:
    loinc, unit, code, *_ = TESTS[test]
    return fhir.observation(journey, f"{test}-{at:%Y%m%d}", loinc, quantity(value, unit, code), at.isoformat())


def _crp(journey: Journey, at: datetime, mg_per_l: float) -> Resource:
    """C-reactive protein, in the unit of the hospital: one prints mg/dL, the other mg/L."""
    in_dl = journey.centre is CENTRES[0]
    value = round(mg_per_l / 10, 2) if in_dl else round(mg_per_l, 1)
    unit = "mg/dL" if in_dl else "mg/L"
    return fhir.observation(journey, f"crp-{at:%Y%m%d}", ("1988-5", "C reactive protein"), quantity(value, unit, unit), at.isoformat())


def _weight(journey: Journey, at: datetime) -> Resource:
    weight = quantity(journey.person.weight_kg, "kg", "kg")
    return fhir.observation(journey, f"weight-{at:%Y%m%d}", ("29463-7", "Body weight"), weight, at.isoformat(), category="vital-signs")


def _before_collection(journey: Journey, draws: Draws) -> Iterator[Known]:
    first = journey.collections[0]
    at = _at(journey, first.started.date(), 7, 30)
    results, lymphocytes = _agreeing(first, draws)
    for test, value in results.items():
        yield Known(at.date(), _stated(journey, test, at, value))
    count = quantity(lymphocytes, "K/uL", "10*3/uL")
    alc = ("731-0", "Lymphocytes [#/volume] in Blood by Automated count")
    yield Known(at.date(), fhir.observation(journey, f"alc-{at:%Y%m%d}", alc, count, at.isoformat()))
    yield Known(at.date(), _crp(journey, at, draws.near(12, 0.5)))
    yield Known(at.date(), _weight(journey, at))
    height = quantity(journey.person.height_cm, "cm", "cm")
    name = ("8302-2", "Body height")
    yield Known(at.date(), fhir.observation(journey, f"height-{at:%Y%m%d}", name, height, at.isoformat(), category="vital-signs"))
    ratio = draws.number("pb_cd4_cd8_ratio", "patient success")
    cd8 = first.pre_cd3 * 0.95 / (1 + ratio)
    counts = {
        ("8122-4", "CD3 cells [#/volume] in Blood"): first.pre_cd3,
        ("24467-3", "CD3+CD4+ (T4 helper) cells [#/volume] in Blood"): cd8 * ratio,
        ("14135-8", "CD3+CD8+ (T8 suppressor cells) cells [#/volume] in Blood"): cd8,
    }
    parts: list[tuple[fhir.Code, Resource]] = [(loinc, quantity(round(count), "cells/uL", "{cells}/uL")) for loinc, count in counts.items()]
    yield Known(at.date(), fhir.panel(journey, f"tcell-{at:%Y%m%d}", "TCELL", parts, at.isoformat()))


def _agreeing(first: Collection, draws: Draws) -> tuple[dict[str, float], float]:
    """Results of `TESTS` and lymphocytes on the morning of a collection: one blood, which two laboratories count alike.

    T cells are lymphocytes, lymphocytes and neutrophils are white cells, and the blood centre saw the same haemoglobin and platelets.
    """
    results = {test: draws.near(typical, spread) for test, (*_, typical, spread) in TESTS.items()}
    results["hgb"] = draws.near(first.haemoglobin[0], 0.02)
    results["plt"] = draws.near(first.platelets[0], 0.04)
    lymphocytes = max(draws.number("pb_alc", "patient"), first.pre_cd3 / 1000 * 1.1)
    results["wbc"] = max(results["wbc"], results["anc"] + lymphocytes + MONOCYTES)
    return {test: round(value, 1) for test, value in results.items()}, round(lymphocytes, 2)


def _collections(journey: Journey) -> Iterator[Known]:
    for day, run in enumerate(journey.collections, start=1):
        identifiers = {"urn:isbt128:din": run.din, "urn:isbt128:coi": journey.coi, "urn:sponsor:order": journey.order_id}
        done = fhir.procedure(journey, f"leukapheresis-{day}", ("LEUKAPH", "Leukapheresis"), (run.started, run.completed), identifiers)
        yield Known(run.completed.date(), done)


def _treatment(journey: Journey, infused: datetime) -> Iterator[Known]:
    for before in (5, 4, 3):
        day = infused.date() - timedelta(days=before)
        for name, code, hour, dose in (("fludarabine", "24698", 10, 30.0), ("cyclophosphamide", "3002", 13, 300.0)):
            amount = quantity(dose, "mg/m2", "mg/m2")
            yield Known(day, fhir.drug(journey, f"{name}-{before}", (code, name), _at(journey, day, hour), amount))
    end = infused + timedelta(minutes=20)
    share = round(journey.dose / len(journey.lots), 1)
    for place, lot in enumerate(journey.lots):
        start = infused + timedelta(minutes=30 * place)
        end = start + timedelta(minutes=20)
        is_last = place == len(journey.lots) - 1
        part = quantity(round(journey.dose - share * place, 1) if is_last else share, "10*6", "10*6")
        yield Known(infused.date(), fhir.cells(journey, f"cells-{place + 1}", lot, (start, end), part))
    identifiers = {"urn:isbt128:coi": journey.coi}
    infusion = ("CART-INF", "Infusion of engineered T cells")
    yield Known(infused.date(), fhir.procedure(journey, "infusion", infusion, (infused, end), identifiers))
    if journey.crs_grade >= 2 and journey.crs_onset_day is not None:
        day = infused.date() + timedelta(days=journey.crs_onset_day)
        amount = quantity(round(8 * journey.person.weight_kg), "mg", "mg")
        yield Known(day, fhir.drug(journey, "tocilizumab", ("612865", "tocilizumab"), _at(journey, day, 15), amount))


def _follow_up(journey: Journey, infused: datetime, draws: Draws) -> Iterator[Known]:
    onset = journey.crs_onset_day
    for after in (0, 1, 2, 3, 5, 7, 10, 14, 21, 28):
        at = _at(journey, infused.date() + timedelta(days=after), 6)
        feverish = onset is not None and onset <= after <= onset + 3
        yield Known(at.date(), _crp(journey, at, draws.near(90 if feverish else 10, 0.3)))
        if feverish and journey.crs_grade == 3:
            value = quantity(40000, "ng/mL", "ng/mL", ">")
            yield Known(at.date(), fhir.observation(journey, f"ferritin-{at:%Y%m%d}", ("2276-4", None), value, at.isoformat()))
        else:
            yield Known(at.date(), _result(journey, draws, "ferritin", at, 8 if feverish else 1))
        heat = quantity(round(draws.near(38.9 if feverish else 36.8, 0.006), 1), "Cel", "Cel")
        name = ("8310-5", "Body temperature")
        yield Known(at.date(), fhir.observation(journey, f"temperature-{at:%Y%m%d}", name, heat, at.isoformat(), category="vital-signs"))
        if after in (0, 7, 14, 21, 28):
            for test, factor in (("anc", 0.1 if after == 7 else 0.5), ("plt", 0.6), ("hgb", 0.85)):
                yield Known(at.date(), _result(journey, draws, test, at, factor))
        if after == 0:
            yield Known(at.date(), _weight(journey, at))


def _changes(journey: Journey) -> Iterator[Known]:
    """Results that the laboratory takes back or corrects a night later; nothing is wrong with that."""
    at = _at(journey, journey.collections[0].started.date(), 7, 30)
    if journey.number == 1:
        loinc, unit, code, *_ = TESTS["plt"]
        value = quantity(journey.collections[0].platelets[0] - 3, unit, code)
        corrected = fhir.observation(journey, f"plt-{at:%Y%m%d}", loinc, value, at.isoformat(), status="corrected")
        yield Known(at.date(), corrected, change=1)
    if journey.number == 4:
        value = quantity(0.1, "K/uL", "10*3/uL")
        alc = ("731-0", "Lymphocytes [#/volume] in Blood by Automated count")
        mistaken = fhir.observation(journey, f"alc-{at:%Y%m%d}", alc, value, at.isoformat(), status="entered-in-error")
        yield Known(at.date(), mistaken, change=1)


def _defects(journey: Journey) -> Iterator[Known]:
    """Resources that are wrong, beside the right ones: nothing true is lost with them."""
    at = _at(journey, journey.collections[0].started.date(), 7, 55)
    hgb, ldh, ferritin = TESTS["hgb"][0], TESTS["ldh"][0], TESTS["ferritin"][0]

    def result(name: str, loinc: fhir.Code, value: Resource, said: str | None = None) -> Resource:
        return fhir.observation(journey, name, loinc, value, said or at.isoformat())

    def wrong(resource: Resource, *defect: Defect, broken: bool = False) -> Known:
        return Known(at.date(), resource, defect, broken=broken)

    if journey.number == 1:
        egfr = result("egfr", ("24467-3", "eGFR"), quantity(61, "mL/min"))
        yield wrong(egfr, Defect("code_contradicts_display", "R30", "cell", "value"))
        yield wrong(result("cut", hgb, quantity(11.1, "g/dL", "g/dL")), Defect("broken_json_line", "D01", "row"), broken=True)
        yield wrong(result("ferritin-censored", ferritin, quantity(40000, "ng/mL", "ng/mL", ">")))  # legal, and easily read as 40000
    if journey.number == 2:
        yield wrong(
            result("ldh-outside", ldh, quantity(244, "U/L", "U/L"), f"{at:%Y-%m-%d}"), Defect("date_only", "D06", "flag", "effective")
        )
    if journey.number == 3:
        yield wrong(result("crp-no-unit", ("1988-5", "C reactive protein"), quantity(4.1, None)), Defect("no_unit", "D05", "cell", "value"))
    if journey.number == 4:
        yield wrong(result("hgb-wrong-unit", hgb, quantity(12.5, "g/mL", "g/mL")), Defect("unit_of_another_size", "D05", "cell", "value"))
    if journey.number == 6:
        nameless = result("nameless", ldh, quantity(301, "U/L", "U/L"))
        yield wrong({key: value for key, value in nameless.items() if key != "id"}, Defect("no_id", "D03", "row"))
    if journey.number == 8:
        odd = {**result("odd-status", ldh, quantity(288, "U/L", "U/L")), "status": "finalised"}
        yield wrong(odd, Defect("unknown_status", "D04", "cell", "status"))
