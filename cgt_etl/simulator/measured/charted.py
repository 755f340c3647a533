"""Measurements in the charts of hospitals, and in what an outcomes registry repeats of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cgt_etl.simulator.exports import ehr, ehr_hl7v2
from cgt_etl.simulator.facts import Fact
from cgt_etl.simulator.measured.shapes import Measured, Reader, number, offset_time, person_of, zoned

TESTS = {
    "wbc": "pb_wbc", "hgb": "pb_hgb", "plt": "pb_plt", "anc": "pb_anc", "alc": "pb_alc", "ldh": "ldh", "ferritin": "ferritin",
    "creatinine": "creatinine", "crp": "crp", "temperature": "body_temp", "weight": "body_weight", "height": "body_height",
    "cd3": "pb_cd3_abs", "cd4": "pb_cd4_abs", "cd8": "pb_cd8_abs",
}  # fmt: skip
"""Test of the chart -> measurement."""
SIZES: Mapping[tuple[str, str], float] = {
    **dict.fromkeys([(test, unit) for test in ("wbc", "plt", "anc", "alc") for unit in ("10*3/uL", "x10E3/uL")], 1),
    **dict.fromkeys([(test, unit) for test in ("cd3", "cd4", "cd8") for unit in ("{cells}/uL", "cells/cumm")], 1),
    ("hgb", "g/dL"): 1,
    ("ldh", "U/L"): 1,
    ("ferritin", "ng/mL"): 1,
    ("creatinine", "mg/dL"): 1,
    ("crp", "mg/L"): 1,
    ("crp", "mg/dL"): 10,
    ("temperature", "Cel"): 1,
    ("weight", "kg"): 1,
    ("weight", "lb"): 0.45359237,
    ("height", "cm"): 1,
    ("height", "in"): 2.54,
}
"""(Test, unit as written) -> how many of the vocabulary's units make one of it; degrees Fahrenheit have no size."""
SEEN = {
    "BPSUP": "hypotension_support", "O2SUP": "oxygen_support", "ICE": "ice_score", "LOC": "consciousness", "SEIZ": "seizure",
    "MOTOR": "motor_weakness", "EDEMA": "cerebral_oedema",
}  # fmt: skip
"""Code of a ward's flowsheet -> measurement."""
ANSWERS = {
    "BPSUP:FLUID": "no_vasopressor", "BPSUP:VP1": "vasopressor", "BPSUP:VP2": "multiple_vasopressors", "O2SUP:NC": "low_flow",
    "O2SUP:VENT": "positive_pressure", "LOC:ALERT": "alert", "LOC:SPONT": "awakens_spontaneously", "LOC:VOICE": "awakens_to_voice",
    "LOC:TOUCH": "awakens_to_touch", "LOC:NONE": "unarousable", "SEIZ:RESOLVED": "resolved", "SEIZ:PROLONGED": "prolonged",
}  # fmt: skip
"""Its words where they are not `NONE`, which is none."""
FHIR = {code: test for test, ((code, _), *_) in ehr.TESTS.items()} | {code: test for test, (code, _) in ehr.SUBSETS.items()}
HL7 = {code[0]: test for test, (_, code, _) in ehr_hl7v2.TESTS.items()}


def _value(test: str, value: float, unit: str) -> float | None:
    """In the vocabulary's unit; None in a unit that the test does not have."""
    if (test, unit) == ("temperature", "degF"):
        return (value - 32) * 5 / 9
    size = SIZES.get((test, unit))
    return None if size is None else value * size


def _observation(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    record = fact.record
    of = f"{record['id']}/{person_of(fact, 'fhir_patient_id')}"
    if "valueCodeableConcept" in record or record["code"]["coding"][0]["code"] in SEEN:
        yield from _seen(fact, of)
        return
    for part in record.get("component", (record,)):
        coding, written = part["code"]["coding"][0], part["valueQuantity"]
        test = FHIR[coding["code"]]
        value = _value(test, written["value"], written.get("code", ""))
        if value is not None:
            person, at = person_of(fact, "fhir_patient_id"), offset_time(record["effectiveDateTime"])
            yield Measured(TESTS[test], f"{of}/{test}", person, at, value, comparator=written.get("comparator", ""))


def _seen(fact: Fact, of: str) -> Iterator[Measured]:
    """A line of a flowsheet: a word, or a score that has a unit."""
    record = fact.record
    code, at = record["code"]["coding"][0]["code"], offset_time(record["effectiveDateTime"])
    person = person_of(fact, "fhir_patient_id")
    if "valueCodeableConcept" in record:
        answer = record["valueCodeableConcept"]["coding"][0]["code"]
        yield Measured(SEEN[code], of, person, at, None, ANSWERS.get(f"{code}:{answer}", "none"))
    elif record["valueQuantity"].get("code") == "{score}":
        yield Measured(SEEN[code], of, person, at, record["valueQuantity"]["value"])


def _dose(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    """Of cells; a dose of another drug is in no table."""
    record: Mapping[str, Any] = fact.record
    if "contained" in record and "dosage" in record:
        person, at = person_of(fact, "fhir_patient_id"), offset_time(record["effectivePeriod"]["start"])
        yield Measured("dose_infused_abs", record["id"], person, at, record["dosage"]["dose"]["value"])


def _message(fact: Fact, zone: ZoneInfo) -> Iterator[Measured]:
    """Each result of a message, but for those that it takes away."""
    drawn = next(one for one in fact.record["after"] if one.startswith("OBR|")).split("|")[7]
    at = zoned(datetime.strptime(drawn, "%Y%m%d%H%M"), zone)  # noqa: DTZ007  its zone is the hospital's
    for line in fact.record["after"]:
        fields = line.split("|")
        if fields[0] != "OBX" or fields[11] == "W":
            continue
        code = fields[3].split("^")[0]
        if code in SEEN:
            said = f"{'/'.join(fact.key)}/{code}", person_of(fact, "mrn"), at
            score = number(fields[5])
            if fields[2] == "CWE":
                yield Measured(SEEN[code], *said, None, ANSWERS.get(f"{code}:{fields[5].split('^')[0]}", "none"))
            elif score is not None and fields[6] == "{score}":
                yield Measured(SEEN[code], *said, score)
            continue
        test = HL7[code]
        comparator, _, written = fields[5].rpartition("^")
        stated = number(written)
        value = None if stated is None else _value(test, stated, fields[6])
        if value is not None:
            yield Measured(TESTS[test], "/".join((*fact.key, test)), person_of(fact, "mrn"), at, value, comparator=comparator)


def _outcome(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    """The day of the infusion, to the month where it lost its day."""
    record, person, of = fact.record, person_of(fact, "crid"), "/".join(fact.key)
    at = record["infdate"].removesuffix("-XX"), None
    for column, name, size in (("dose_e8", "dose_infused_abs", 100), ("wt_kg", "body_weight", 1), ("priorlines", "prior_lines", 1)):
        value = number(record[column])
        if value is not None:
            yield Measured(name, f"{of}/{column}", person, at, value * size)


READERS: Mapping[tuple[str, str], Reader] = {
    ("ehr_fhir_r4", "observation"): _observation,
    ("ehr_fhir_r4", "medication_administration"): _dose,
    ("ehr_hl7v2", "result"): _message,
    ("registry_ct", "outcome"): _outcome,
}
