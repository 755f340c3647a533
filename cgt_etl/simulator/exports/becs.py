"""The nightly files of the blood centres: collections (layout 1 of the partner layouts), one row per bag that came off the machine, and
modifications, one row per bag that was made of another, and source.

The forms in which numbers are written vary by row and are no defects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cgt_etl.simulator import genealogy, numbers
from cgt_etl.simulator.calendar import told_once
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports._clock import by_its_clock
from cgt_etl.simulator.exports._mistaken import mistaken, swap
from cgt_etl.simulator.facts import Csv, DefectClass, Edge, Fact, Layout, Named, Record, Stated
from cgt_etl.simulator.model import Bag, Collection, Journey, Mistake
from cgt_etl.simulator.parties import Network
from cgt_etl.simulator.world.collecting import HPC_CODE
from cgt_etl.simulator.world.mistaken import CHAIN, COLLECTION

COLUMNS = (
    "DIN", "PROD_CD", "DIV", "DNR_NO", "PT_MRN", "ORDER_REF", "COI", "PROC_DT", "PROC_START", "PROC_END", "PROC_TYPE", "DEVICE", "TBV_ML",
    "INLET_VOL_ML", "WB_PROC_L", "ACDA_USED_ML", "AC_RATIO", "RUN_MIN", "PRD_VOL_G", "PRD_WBC_K_UL", "TNC_E8", "CD3_YIELD_E9", "PRE_CD3_UL",
    "POST_CD3_UL", "CE2_PCT", "HGB_PRE", "HGB_POST", "PLT_PRE", "PLT_POST", "VIAB", "FRZ_YN", "RXN_CD", "EXP_DT",
)  # fmt: skip
DIALECT = "becs_us"
MODIFICATION_COLUMNS = (
    "DIN", "PROD_CD", "DIV", "SRC_DIN", "SRC_PROD_CD", "SRC_DIV", "STEP", "VOL_ML", "CD3_E6", "DONE_DT", "DONE_TM",
    "EXP_DT",
)  # fmt: skip
FEEDS: Mapping[str, Layout] = {
    "apheresis": Csv("apheresis_{stamp}.csv", COLUMNS),
    "modification": Csv("modifications_{stamp}.csv", MODIFICATION_COLUMNS),
}
STEPS = {"pool": "POOL", "split": "DIVIDE", "transform": "FREEZE", "wash": "WASH", "sample": "SAMPLE"}
GRAMS_PER_ML = 1.058
BLANK_COI = 0.05
"""Rows of autologous collections without chain-of-identity id, by the layout's note."""
RETYPED = 0.05
"""Rows whose donor number somebody typed again, in small letters."""
RECOUNTED = 0.04
"""Bags whose cells are counted again and corrected the next night."""


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """A row for each collection of the journey, and a corrected one where it was counted again; then one for each bag made of a bag.

    The system has one column for record numbers: a patient of another hospital than the centre's first is known by order and chain alone.
    """
    has_mrn = journey.hospital == network.patients_of(journey.blood_centre)[0]
    off_the_machine = {bag.din: bag for bag in reversed(journey.bags) if not bag.made_from}
    own = sorted(run.din for run in journey.collections if run.is_autologous)
    for run in sorted(map(by_its_clock, journey.collections), key=lambda one: (one.started, one.din)):
        bag = off_the_machine[run.din]
        mistake = mistaken(journey, COLLECTION, CHAIN) if run.is_autologous and run.din == own[0] else None
        record = _written(_row(journey, run, bag, mistake, has_mrn=has_mrn), draws)
        is_recounted = draws.chance(RECOUNTED) and run.procedure != "HPC"
        first = _first_count(record) if is_recounted else record
        yield _fact(journey, run, bag, first, mistake, is_final=not is_recounted)
        if is_recounted:
            yield _fact(journey, run, bag, record, mistake, change=1)
    bags = {bag.key: bag for bag in journey.bags}
    for bag in journey.bags:
        for source in bag.made_from:
            yield _made(journey, bag, bags[source], draws)


def _made(journey: Journey, bag: Bag, source: Bag, draws: Draws) -> Fact:
    """A step from one bag to another; a pool got of each bag all that was in it."""
    at, held = told_once(bag.created.astimezone(journey.blood_centre.zone)), source if bag.edge == "pool" else bag
    named, whole = genealogy.cells(bag), genealogy.donation(source.din)
    return Fact(
        partner=journey.blood_centre.partner,
        feed="modification",
        known=at.date(),
        record={
            "DIN": draws.random.choice((str, numbers.with_flags, numbers.with_check, numbers.as_printed))(bag.din),
            "PROD_CD": bag.product_code,
            "DIV": bag.division,
            "SRC_DIN": source.din,
            "SRC_PROD_CD": source.product_code,
            "SRC_DIV": source.division,
            "STEP": STEPS[bag.edge],
            "VOL_ML": f"{held.volume_ml:g}",
            "CD3_E6": f"{held.cd3_e6:g}",
            "DONE_DT": f"{at:%m/%d/%Y}",
            "DONE_TM": f"{at:%H:%M}",
            "EXP_DT": f"{genealogy.expiry(bag):%m/%d/%Y}",
        },
        key=(*bag.key.split(":"), *source.key.split(":"), STEPS[bag.edge]),
        journey=journey.number,
        edges=(
            Edge(bag.edge, genealogy.cells(source), named),
            # where the record of the step before, or of the collection, has not come or was set aside
            Edge("create", whole, genealogy.cells(source), is_required=False),
        ),
        objects=tuple(("din", "", din) for din in dict.fromkeys((bag.din, source.din))),
    )


def _fact(
    journey: Journey,
    run: Collection,
    bag: Bag,
    record: Record,
    mistake: Mistake | None,
    *,
    change: int = 0,
    is_final: bool = True,
) -> Fact:
    centre, person = run.blood_centre.partner, run.donor
    named = [Named("donor_no", "donor_id", centre, person.donor_number, "both", person.number)]
    objects = [("din", "", run.din)]
    if run.is_autologous:
        if record["PT_MRN"]:
            of = mistake.other if mistake and mistake.kind == COLLECTION else person
            named.append(Named("patient_mrn", "mrn", journey.hospital.partner, of.mrn, "recipient", of.number))
        objects.append(("order_id", journey.product.numbered_by, journey.order_id))
        if record["COI"]:
            coi, of = (mistake.other_coi, mistake.other) if mistake and mistake.kind == CHAIN else (journey.coi, person)
            named.append(Named("coi", "coi", "", coi, "recipient", of.number))
    events = [_stated("apheresis_started", run, run.started.isoformat()), _stated("apheresis_completed", run, run.completed.isoformat())]
    if run.reaction:
        events.append(Stated("collection_adverse_event", person.number, f"{run.started:%Y-%m-%d}", None, run.din))
    key = (run.din, bag.product_code, bag.division)
    return Fact(
        partner=centre, feed="apheresis", known=run.completed.date(), record=record, key=key, journey=journey.number, persons=tuple(named),
        events=tuple(events), edges=(Edge("create", genealogy.donation(run.din), genealogy.cells(bag)),), objects=tuple(objects),
        change=change, is_final=is_final,
        swap=swap(journey, mistake) if any(one.person != person.number for one in named) else None,
    )  # fmt: skip


def _stated(event_type: str, run: Collection, local: str) -> Stated:
    at = run.started if event_type == "apheresis_started" else run.completed
    return Stated(event_type, run.donor.number, local[:16], numbers.utc(at), run.din)


def _row(journey: Journey, run: Collection, bag: Bag, mistake: Mistake | None, *, has_mrn: bool) -> dict[str, str]:
    is_patient, is_stem = run.is_autologous, run.procedure == "HPC"
    mrn = mistake.other.mrn if mistake and mistake.kind == COLLECTION else run.donor.mrn
    coi = mistake.other_coi if mistake and mistake.kind == CHAIN else journey.coi
    return {
        "DIN": run.din,
        "PROD_CD": bag.product_code,
        "DIV": bag.division,
        "DNR_NO": run.donor.donor_number,
        "PT_MRN": mrn if is_patient and has_mrn else "",
        "ORDER_REF": journey.order_id if is_patient else "",
        "COI": coi if is_patient else "",
        "PROC_DT": f"{run.started:%m/%d/%Y}",
        "PROC_START": f"{run.started:%H:%M}",
        "PROC_END": f"{run.completed:%H:%M}",
        "PROC_TYPE": run.procedure,
        "DEVICE": run.device,
        "TBV_ML": f"{run.blood_volume_ml:g}",
        "INLET_VOL_ML": f"{run.inlet_ml:.0f}",
        "WB_PROC_L": f"{run.blood_ml / 1000:g}",
        "ACDA_USED_ML": f"{run.anticoagulant_ml:.0f}",
        "AC_RATIO": "12:1",
        "RUN_MIN": f"{numbers.minutes_between(run.started, run.completed)}",
        "PRD_VOL_G": f"{run.product_ml * GRAMS_PER_ML:.0f}",
        "PRD_WBC_K_UL": f"{run.product_wbc_e6_per_ml:g}",
        "TNC_E8": f"{run.product_wbc_e6_per_ml * run.product_ml / 100:.1f}",
        "CD3_YIELD_E9": f"{run.cd3_yield / 1e9:.2f}",
        "PRE_CD3_UL": f"{run.pre_cd3:.0f}",
        "POST_CD3_UL": "" if run.post_cd3 is None else f"{run.post_cd3:.0f}",
        # of a mobilised collection the system states the efficiency for CD34, in no column of this export
        "CE2_PCT": "" if is_stem else f"{run.ce2:g}",
        "HGB_PRE": f"{run.haemoglobin[0]:g}",
        "HGB_POST": f"{run.haemoglobin[1]:g}",
        "PLT_PRE": f"{run.platelets[0]:.0f}",
        "PLT_POST": f"{run.platelets[1]:.0f}",
        "VIAB": f"{run.viability:g}",
        "FRZ_YN": "N",
        "RXN_CD": run.reaction,
        "EXP_DT": f"{genealogy.expiry(bag):%m/%d/%Y}",
    }


def _written(row: dict[str, str], draws: Draws) -> dict[str, str]:
    """The forms in which a centre's people and spreadsheets write the same facts; all of them can be read."""
    pick = draws.random
    form = pick.choice((str, numbers.with_flags, numbers.with_check, numbers.as_printed))
    changed = {"DIN": form(row["DIN"])}
    if pick.random() < 0.5:
        changed["PT_MRN"] = row["PT_MRN"].lstrip("0")
    if pick.random() < 0.25:
        changed["AC_RATIO"] = "12:01:00"
    if pick.random() < 0.08:
        changed["PRE_CD3_UL"] = ""
    if pick.random() < BLANK_COI and row["PT_MRN"]:
        changed["COI"] = ""
    if pick.random() < RETYPED:
        changed["DNR_NO"] = f" {row['DNR_NO'].lower()}"
    return {**row, **changed}


def _first_count(record: Mapping[str, str]) -> Record:
    """The row as it stood before the product was counted again: fewer cells, and the efficiency that goes with them."""
    counted = {name: float(record[name]) * 0.9 for name in ("CD3_YIELD_E9", "CE2_PCT")}
    return {**record, "CD3_YIELD_E9": f"{counted['CD3_YIELD_E9']:.2f}", "CE2_PCT": f"{counted['CE2_PCT']:.1f}"}


def _cell(column: str, text: Callable[[str], str | None]) -> Callable[[Record, Draws], Record | None]:
    """A defect that changes one cell; none where `text` gives None."""

    def apply(record: Record, draws: Draws) -> Record | None:
        changed = text(record[column])
        return None if changed is None else {**record, column: changed}

    return apply


def _plain(din: str) -> str:
    """The 13 characters of a number in any of the forms of `_written`."""
    return din.replace(" ", "").lstrip("=")[:13]


def _mobilised(record: Record, draws: Draws) -> Record | None:
    return None if record["PROC_TYPE"] == "HPC" else {**record, "PROD_CD": HPC_CODE + record["PROD_CD"][5:]}


def _impossible_date(record: Record, draws: Draws) -> Record | None:
    return {**record, "PROC_DT": f"02/30/{record['PROC_DT'][-4:]}"}


def _other_efficiency(record: Record, draws: Draws) -> Record | None:
    """Six points off; where there is no count before the collection, nobody can recompute it."""
    if not (record["CE2_PCT"] and record["PRE_CD3_UL"]):
        return None
    return {**record, "CE2_PCT": f"{float(record['CE2_PCT']) + 6:g}"}


def _other_division(division: str) -> str:
    return "A0"


def _again(record: Record, draws: Draws) -> Record:
    return {**record, "VIAB": f"{float(record['VIAB']) - 1:g}"}


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "apheresis": (
        DefectClass("mobilised_product_code", "D11", "flag", "product_code", 0.12, 0.2, _mobilised, at_door=False),
        DefectClass(
            "division_contradicts_product_code", "D12", "flag", "division", 0.06, 0.11, _cell("DIV", lambda _: "A0"), at_door=False
        ),
        DefectClass(
            "wrong_check_character", "R01", "row", None, 0.05, 0.08, _cell("DIN", lambda text: numbers.with_wrong_check(_plain(text)))
        ),
        DefectClass("unknown_device", "D04", "cell", "device", 0.05, 0.05, _cell("DEVICE", lambda _: "Optima?")),
        DefectClass("words_for_a_number", "D02", "cell", "tnc_e8", 0.05, 0.05, _cell("TNC_E8", lambda _: "see note")),
        DefectClass("grams_per_litre", "D07", "flag", "hgb_pre", 0.05, 0.08, _cell("HGB_PRE", lambda text: f"{float(text) * 10:g}")),
        DefectClass("impossible_date", "D02", "row", None, 0.04, 0.04, _impossible_date),
        DefectClass("short_chain_of_identity", "R04", "row", None, 0.04, 0.08, _cell("COI", lambda text: text[:-1] or None)),
        DefectClass("efficiency_of_another_run", "R33", "flag", None, 0.14, 0.24, _other_efficiency, at_door=False),
    ),
    "modification": (
        DefectClass("wrong_check_character", "R01", "row", None, 0.03, 0.08, _cell("SRC_DIN", numbers.with_wrong_check)),
        DefectClass("unknown_step", "D04", "row", None, 0.03, 0.08, _cell("STEP", lambda _: "REWORK")),
        DefectClass("words_for_a_number", "D02", "cell", "volume_ml", 0.05, 0.1, _cell("VOL_ML", lambda text: f"about {text}")),
    ),
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {"apheresis": _again}
