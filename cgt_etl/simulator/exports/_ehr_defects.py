"""How the hospitals' FHIR exports go wrong. A spoiled resource stands in for the right one of the same id."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.facts import DefectClass, Record, Stated

CD4 = ("24467-3", "eGFR")
"""A CD4 code under the display of a kidney function."""
WHITE_CELLS, CD3, CD8 = "6690-2", "8122-4", "14135-8"
MOST_CD8_PER_UL = 5000
"""The most that is plausible (`measurements.csv`)."""


def _is_count(record: Record) -> bool:
    """A final laboratory result with one value and a unit."""
    return "valueQuantity" in record and record["status"] == "final" and "comparator" not in record["valueQuantity"]


def _of_laboratory(record: Record) -> bool:
    return _is_count(record) and record["category"][0]["coding"][0]["code"] == "laboratory"


def _contradiction(record: Record, draws: Draws) -> Record | None:
    if not _of_laboratory(record):
        return None
    coding = [{"system": "http://loinc.org", "code": CD4[0], "display": CD4[1]}]
    return {**record, "code": {"coding": coding}, "valueQuantity": {**record["valueQuantity"], "unit": "mL/min", "code": "mL/min"}}


def _cut(record: Record, draws: Draws) -> Record | None:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return {"": text[: len(text) * 2 // 3]}


def _date_only(record: Record, draws: Draws) -> Record | None:
    return {**record, "effectiveDateTime": record["effectiveDateTime"][:10]} if _is_count(record) else None


def _no_unit(record: Record, draws: Draws) -> Record | None:
    return {**record, "valueQuantity": {"value": record["valueQuantity"]["value"]}} if _of_laboratory(record) else None


def _other_size(record: Record, draws: Draws) -> Record | None:
    if not _of_laboratory(record):
        return None
    return {**record, "valueQuantity": {**record["valueQuantity"], "unit": "g/mL", "code": "g/mL"}}


def _nameless(record: Record, draws: Draws) -> Record | None:
    return {key: value for key, value in record.items() if key != "id"}


def _few_white_cells(record: Record, draws: Draws) -> Record | None:
    """Fewer than their parts, which the same blood has."""
    if not _is_count(record) or record["code"]["coding"][0]["code"] != WHITE_CELLS:
        return None
    return {**record, "valueQuantity": {**record["valueQuantity"], "value": 0.3}}


def _many_subsets(record: Record, draws: Draws) -> Record | None:
    """More CD8 than CD3 positive cells, in one panel, each of them plausible by itself."""
    parts = {part["code"]["coding"][0]["code"]: part for part in record.get("component", ())}
    if not parts.keys() >= {CD3, CD8}:
        return None
    changed = {**parts[CD8]["valueQuantity"], "value": min(round(parts[CD3]["valueQuantity"]["value"] * 1.3), MOST_CD8_PER_UL)}
    return {**record, "component": [*({**part, "valueQuantity": changed} if code == CD8 else part for code, part in parts.items())]}


def _odd_status(record: Record, draws: Draws) -> Record | None:
    return {**record, "status": "finalised"} if _is_count(record) else None


def given_after_death(later: str) -> DefectClass:
    """Of what was given to a patient who died: on a day after it."""
    return DefectClass("given_after_death", "R45", "flag", None, 0.12, 0.2, _given_at(later), at_door=False, needs=("death_recorded",))


def thawed_too_early(resource: Record, event: Stated) -> DefectClass:
    """The thaw of a dose by more than its window before the infusion."""
    return DefectClass(
        "given_after_its_thaw_window", "R17", "flag", None, 0.1, 0.17, lambda _record, _draws: resource, at_door=False, restates=(event,),
        needs=("infusion_started",),
    )  # fmt: skip


def _given_at(later: str) -> Callable[[Record, Draws], Record]:
    return lambda record, _draws: {**record, "effectiveDateTime": later}


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "observation": (
        DefectClass("code_contradicts_display", "R30", "cell", "value", 0.006, 0.02, _contradiction),
        DefectClass("broken_json_line", "D01", "row", None, 0.006, 0.02, _cut),
        DefectClass("date_only", "D06", "flag", "effective", 0.006, 0.02, _date_only),
        DefectClass("no_unit", "D05", "cell", "value", 0.006, 0.02, _no_unit),
        DefectClass("unit_of_another_size", "D05", "cell", "value", 0.006, 0.02, _other_size),
        DefectClass("no_id", "D03", "row", None, 0.006, 0.02, _nameless),
        DefectClass("unknown_status", "D04", "cell", "status", 0.006, 0.02, _odd_status),
        DefectClass(
            "fewer_white_cells_than_parts", "R37", "flag", None, 0.06, 0.13, _few_white_cells, at_door=False, beside=("pb_anc", "pb_alc")
        ),
        DefectClass("more_subsets_than_the_whole", "R38", "flag", None, 0.14, 0.28, _many_subsets, at_door=False),
    )
}
