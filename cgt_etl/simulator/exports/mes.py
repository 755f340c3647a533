"""Batch records as a contract manufacturer's execution system exports them: layout 6 of the partner layouts, one row per parameter.

What it names otherwise than the world does is said here: culture days within parameters, donations with the bag's division or without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC

from cgt_etl.simulator import numbers, plant
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import _batch as record
from cgt_etl.simulator.facts import Csv, DefectClass, Edge, Fact, Layout, Named, Record, Stated
from cgt_etl.simulator.model import Batch, Journey, ProcessPoint
from cgt_etl.simulator.parties import Network

COLUMNS = (
    "LOT", "PATIENT_CODE", "RM_IN", "VEC_LOT", "UNIT_OP", "PARAM", "VALUE", "UOM", "TS_UTC", "STATUS", "REWORK_OF",
    "VEC_EXP", "PROC_VER", "EQUIP",
)  # fmt: skip
DIALECT = "mes_batch_record"
FEEDS: Mapping[str, Layout] = {"parameter": Csv("batch_params_{stamp}.csv", COLUMNS)}


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """A row for each parameter of each batch of the journey, in order of time; the first names the starting material."""
    for batch in journey.batches:
        has_division = not draws.chance(record.WITHOUT_DIVISION)
        for place, point in enumerate(batch.points):
            row = _row(batch, point, has_division=has_division, is_first=place == 0, is_last=place == len(batch.points) - 1)
            yield _fact(journey, batch, point, row, record.consumed(batch, has_division=has_division) if place == 0 else ())


def _fact(journey: Journey, batch: Batch, point: ProcessPoint, row: Record, edges: tuple[Edge, ...]) -> Fact:
    issuer, at = batch.product.numbered_by, numbers.utc(point.at)
    events = [record.step(journey, batch, point)]
    if row["STATUS"]:
        events.append(Stated("batch_terminated", record.whose(journey, batch), at, at, batch.number))
    donations = dict.fromkeys(bag.din for bag in batch.inputs) if row["RM_IN"] else ()
    return Fact(
        partner=batch.product.manufacturer,
        feed="parameter",
        known=point.at.astimezone(UTC).date(),
        record=row,
        key=(batch.number, row["UNIT_OP"], row["PARAM"]),
        journey=journey.number,
        persons=(Named("coi", "coi", "", batch.coi, "recipient", journey.patient.number),) if batch.coi else (),
        events=tuple(events),
        edges=(*edges, *record.remade(batch)),
        defects=(OF_PARAMETER[point.parameter],) if point.parameter in OF_PARAMETER else (),
        objects=(
            ("batch", issuer, batch.number),
            *([("batch", issuer, batch.replaces)] if batch.replaces else []),
            *([("material_lot", batch.product.manufacturer, row["VEC_LOT"])] if row["VEC_LOT"] else []),
            *(("din", "", din) for din in donations),
        ),
    )


def _row(batch: Batch, point: ProcessPoint, *, has_division: bool, is_first: bool, is_last: bool) -> dict[str, str]:
    return {
        "LOT": batch.number,
        "PATIENT_CODE": batch.coi,
        "RM_IN": ";".join(record.starting_material(batch, has_division=has_division)) if is_first else "",
        "VEC_LOT": record.vector_lot(batch) if point.operation == "TDX" else "",
        "UNIT_OP": point.operation,
        "PARAM": record.parameter(point),
        "VALUE": f"{point.value:g}",
        "UOM": point.unit,
        "TS_UTC": f"{numbers.utc(point.at)}Z",
        "STATUS": "TERM" if is_last and batch.terminated else "",
        "REWORK_OF": batch.replaces,
        "VEC_EXP": record.expiry(batch, "vector") if point.operation == "TDX" else "",
        "PROC_VER": plant.process_version(batch),
        "EQUIP": plant.equipment(batch, point),
    }


def _cell(column: str, text: Callable[[str], str | None]) -> Callable[[Record, Draws], Record | None]:
    """A defect that changes one cell; none where `text` gives None."""

    def apply(row: Record, draws: Draws) -> Record | None:
        changed = text(row[column])
        return None if changed is None else {**row, column: changed}

    return apply


def _wrong_donation(cell: str) -> str | None:
    first, *rest = cell.split(";")
    return ";".join([numbers.with_wrong_check(first[:13]), *rest]) if cell else None


def _left_out(cell: str) -> str | None:
    return "" if cell else None


def _one_more(row: Record, draws: Draws) -> Record:
    """Than the fold of this culture gives, which stands in another row."""
    return {**row, "VALUE": f"{float(row['VALUE']) + 1:g}"}


def _tenth_more(row: Record, draws: Draws) -> Record:
    """Than the cells that were harvested are of those that were seeded; too little for the doublings to tell."""
    return {**row, "VALUE": f"{float(row['VALUE']) * 1.1:.4g}"}


def _seven_more(row: Record, draws: Draws) -> Record:
    """Than the other parts leave of the whole."""
    return {**row, "VALUE": f"{float(row['VALUE']) + 7:g}"}


def _again(row: Record, draws: Draws) -> Record:
    """Read once more, a little lower: so little that doublings still agree with their fold, even with a fold a tenth too high (R32)."""
    return {**row, "VALUE": f"{float(row['VALUE']) * 0.995:.4g}"}


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "parameter": (
        DefectClass("vector_lot_left_out", "R14", "flag", None, 0.03, 0.07, _cell("VEC_LOT", _left_out), at_door=False),
        DefectClass(
            "starting_material_left_out",
            "R14",
            "flag",
            None,
            0.03,
            0.07,
            _cell("RM_IN", _left_out),
            at_door=False,
            loses_edges=frozenset({"consume"}),
        ),
        DefectClass("wrong_check_character", "R01", "row", None, 0.02, 0.08, _cell("RM_IN", _wrong_donation)),
        DefectClass("short_chain_of_identity", "R04", "row", None, 0.004, 0.02, _cell("PATIENT_CODE", lambda text: text[:-1] or None)),
        DefectClass("unknown_parameter", "D04", "row", None, 0.004, 0.02, _cell("PARAM", lambda _: "GLUC")),
        DefectClass("no_readable_time", "D02", "row", None, 0.004, 0.02, _cell("TS_UTC", lambda text: text.replace("T", " at "))),
        DefectClass("unknown_unit", "D05", "cell", "value", 0.01, 0.04, _cell("UOM", lambda _: "see SOP")),
        DefectClass("words_for_a_number", "R39", "cell", "value", 0.01, 0.04, _cell("VALUE", lambda text: f"about {text}")),
        DefectClass("unknown_status", "D04", "cell", "status", 0.01, 0.04, _cell("STATUS", lambda text: None if text else "HOLD")),
    )
}
"""What goes wrong with batch records. A defect that a row cannot have leaves it as it is: most rows name no donation and no vector."""
OF_PARAMETER = {
    "FOLD": DefectClass(
        "fold_of_another_count", "R35", "flag", None, 0.24, 0.42, _tenth_more, at_door=False,
        needs=("mfg_input_cd3", "harvest_total_viable"),
    ),
    "PDL": DefectClass(
        "doublings_of_another_culture", "R32", "flag", None, 0.14, 0.25, _one_more, at_door=False, needs=("fold_expansion",)
    ),
    "TN": DefectClass(
        "phenotypes_not_a_whole", "R31", "flag", None, 0.25, 0.4, _seven_more, at_door=False,
        needs=("pheno_tcm_pct", "pheno_tem_pct", "pheno_temra_pct"),
    ),
}  # fmt: skip
"""What goes wrong with the row of one parameter, beside what goes wrong with any."""
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {"parameter": _again}
