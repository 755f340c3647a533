"""A cord blood bank's nightly lists: its units as they are stored, reserved and sent, and its side of each shipment.

Local times without an offset. A unit is stated again each time that something of it has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from cgt_etl.simulator import genealogy, numbers
from cgt_etl.simulator.calendar import START, told_once
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.facts import Csv, DefectClass, Edge, Fact, Layout, Named, Record, Stated
from cgt_etl.simulator.model import Bag, CordUnit, Journey, Shipment
from cgt_etl.simulator.parties import Network

DIALECT = "cord_bank"
DIN, GRID, TNC, METHOD, VIABILITY, STATUS = "UNIT_DIN", "GRID", "TNC_POST_E8", "VIAB_METHOD", "VIAB_PCT", "STATUS"
UNIT_COLUMNS = (
    DIN, "PRODUCT", "DIV", GRID, "INFANT_NO", "MOTHER_NO", "INFANT_SEX", "ABO", "RH", "COLL_DATE", "COLL_TIME", "COLL_VOL_ML",
    "TNC_PRE_E8", "VOL_REDUCTION", "FINAL_VOL_ML", TNC, "NRBC_E6", "HCT_PCT", "CD34_E6", VIABILITY, METHOD, "CFU_E5", "SEGMENT_VIAB_PCT",
    "FREEZE_DATE", "FREEZE_TIME", "COMP_1_ML", "COMP_2_ML", "LOCATION", "HLA_STATUS", "HLA", "HIV", "HBSAG", "HCV", "SYPHILIS", "CMV_IGG",
    STATUS, "STATUS_DATE", "RESERVED_FOR",
)  # fmt: skip
SHIPMENT_COLUMNS = (
    DIN, "PRODUCT", "DIV", "SHIP_REF", "RECIPIENT", "SSCC", "AWB", "LOGGER_SN", "CENTRE_GLN", "SHIP_DATE", "PACKED", "HANDED_OVER",
    "SHIPPER_C",
)  # fmt: skip
FEEDS: Mapping[str, Layout] = {
    "unit": Csv("units_{stamp}.txt", UNIT_COLUMNS, delimiter="\t"),
    "shipment": Csv("shipments_{stamp}.txt", SHIPMENT_COLUMNS, delimiter="\t"),
}
ORGANISATION = 9999
SEX = {"female": "F", "male": "M"}
RESERVED_BEFORE, TESTED_AFTER = timedelta(days=6), timedelta(days=60)
COMPARTMENTS = (0.8, 0.2)


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The versions of the journey's units, and the rows of their shipments."""
    for unit in journey.cord_units:
        bag = next(one for one in journey.bags if one.din == unit.din)
        shipment = next((one for one in journey.shipments if bag.key in one.contents), None)
        yield from _versions(journey, unit, bag, shipment, draws)
        if shipment is not None and _fits(shipment, unit):
            yield _sent(journey, unit, bag, shipment)


def _fits(shipment: Shipment, unit: CordUnit) -> bool:
    """The form has one date, and hands over within a day of packing: what waited longer is in no export of the bank."""
    packed, handed_over = (told_once(at.astimezone(unit.cord_bank.zone)) for at in (shipment.packed, shipment.picked_up))
    return packed.date() == handed_over.date() or packed.time() > handed_over.time()


def _versions(journey: Journey, unit: CordUnit, bag: Bag, shipment: Shipment | None, draws: Draws) -> Iterator[Fact]:
    stored = _row(unit, bag, draws)
    tested = unit.frozen.date() + TESTED_AFTER
    said: list[tuple[date, dict[str, str]]] = [(max(START, tested), {STATUS: "AVAIL", "STATUS_DATE": _day(tested)})]
    if shipment is not None:
        crid, segment = journey.patient.crid, f"{unit.viability - draws.random.uniform(3, 12):.0f}"
        sent = shipment.picked_up.date()
        reserved = max(journey.referred, sent - RESERVED_BEFORE, said[0][0])
        of_recipient = {"RESERVED_FOR": crid, "SEGMENT_VIAB_PCT": segment}
        said.append((reserved, {**of_recipient, STATUS: "RESV", "STATUS_DATE": _day(reserved)}))
        said.append((sent, {**of_recipient, STATUS: "SHIP", "STATUS_DATE": _day(sent)}))
    frozen = told_once(unit.frozen)
    for place, (known, cells) in enumerate(said):
        is_last = place == len(said) - 1
        yield Fact(
            partner=unit.cord_bank.partner,
            feed="unit",
            known=known,
            record={**stored, **cells},
            key=(unit.din, bag.product_code, bag.division),
            journey=journey.number,
            persons=_named(journey, unit, stored, cells),
            events=(
                Stated(
                    "cryopreservation_started", unit.donor.number, f"{frozen:%Y-%m-%dT%H:%M}", numbers.utc(frozen),
                    f"{unit.din}/{bag.division}",
                ),
            ),
            edges=(Edge("create", genealogy.donation(unit.din), genealogy.cells(bag)),),
            objects=(("din", "", unit.din),),
            until=None if is_last else said[place + 1][0],
            is_final=is_last,
        )  # fmt: skip


def _named(journey: Journey, unit: CordUnit, stored: Record, cells: Mapping[str, str]) -> tuple[Named, ...]:
    child, bank = unit.donor.number, unit.cord_bank.partner
    named = (
        Named("grid", "grid", "", _grid(unit), "donor", child),
        Named("infant_no", "donor_id", bank, stored["INFANT_NO"], "donor", child),
    )
    if "RESERVED_FOR" not in cells:
        return named
    return (*named, Named("reserved_crid", "crid", "", cells["RESERVED_FOR"], "recipient", journey.patient.number))


def _grid(unit: CordUnit) -> str:
    return numbers.registration_identifier(ORGANISATION, unit.donor.number)


def _day(day: date) -> str:
    return f"{day:%d-%b-%Y}"


def _row(unit: CordUnit, bag: Bag, draws: Draws) -> dict[str, str]:
    """The unit as it was stored."""
    pick, frozen, collected = draws.random, told_once(unit.frozen), told_once(unit.collected)
    larger, smaller = (f"{bag.volume_ml * share:g}" for share in COMPARTMENTS)
    return {
        DIN: pick.choice((str, numbers.with_check, numbers.as_printed, numbers.with_flags))(unit.din),
        "PRODUCT": bag.product_code,
        "DIV": bag.division,
        GRID: _grid(unit),
        "INFANT_NO": f"C-{unit.donor.number}",
        "MOTHER_NO": f"M-{unit.donor.number}",
        "INFANT_SEX": SEX[unit.donor.sex],
        "ABO": pick.choice(("O", "O", "A", "A", "B", "AB")),
        "RH": pick.choice(("POS", "POS", "POS", "NEG")),
        "COLL_DATE": _day(collected.date()),
        "COLL_TIME": f"{collected:%H:%M}",
        "COLL_VOL_ML": f"{unit.volume_ml:g}",
        "TNC_PRE_E8": f"{unit.tnc_e9 * 10:.1f}",
        "VOL_REDUCTION": pick.choice(("AUTO", "AUTO", "HES", "PLASMA")),
        "FINAL_VOL_ML": f"{bag.volume_ml:g}",
        TNC: f"{bag.tnc_e9 * 10:.1f}",
        "NRBC_E6": f"{pick.uniform(20, 150):.0f}",
        "HCT_PCT": f"{pick.uniform(20, 38):.0f}",
        "CD34_E6": f"{unit.cd34_e6:g}",
        VIABILITY: f"{unit.viability:g}",
        METHOD: pick.choice(("7AAD", "7AAD", "7AAD", "TB")),
        "CFU_E5": f"{pick.uniform(4, 40):.1f}",
        "SEGMENT_VIAB_PCT": "",
        "FREEZE_DATE": _day(frozen.date()),
        "FREEZE_TIME": f"{frozen:%H:%M}",
        "COMP_1_ML": larger,
        "COMP_2_ML": smaller,
        "LOCATION": f"T{pick.randint(1, 6)}/R{pick.randint(1, 12)}/B{pick.randint(1, 20)}",
        "HLA_STATUS": pick.choice(("HR", "HR", "LR")),
        "HLA": "A*01:01 A*02:01 B*07:02 B*08:01",
        **dict.fromkeys(("HIV", "HBSAG", "HCV", "SYPHILIS"), "NEG"),
        "CMV_IGG": pick.choice(("POS", "NEG")),
        STATUS: "AVAIL",
        "STATUS_DATE": "",
        "RESERVED_FOR": "",
    }


def _sent(journey: Journey, unit: CordUnit, bag: Bag, shipment: Shipment) -> Fact:
    zone = unit.cord_bank.zone
    packed, handed_over = (told_once(at.astimezone(zone)) for at in (shipment.packed, shipment.picked_up))
    crid = journey.patient.crid
    record = {
        DIN: unit.din,
        "PRODUCT": bag.product_code,
        "DIV": bag.division,
        "SHIP_REF": f"HS-{int(shipment.sscc[8:17])}",
        "RECIPIENT": crid,
        "SSCC": shipment.sscc,
        "AWB": shipment.awb,
        "LOGGER_SN": shipment.logger,
        "CENTRE_GLN": shipment.destination_gln,
        "SHIP_DATE": _day(packed.date()),
        "PACKED": f"{packed:%H:%M}",
        "HANDED_OVER": f"{handed_over:%H:%M}",
        "SHIPPER_C": "-188.2",
    }
    return Fact(
        partner=unit.cord_bank.partner,
        feed="shipment",
        known=handed_over.date(),
        record=record,
        key=(unit.din, bag.product_code, bag.division, record["SHIP_REF"]),
        journey=journey.number,
        persons=(Named("crid", "crid", "", crid, "recipient", journey.patient.number),),
        events=tuple(
            Stated(f"shipment_{what}", None, f"{at:%Y-%m-%dT%H:%M}", numbers.utc(at), shipment.sscc)
            for what, at in (("packed", packed), ("dispatched", handed_over))
        ),
        objects=(("din", "", unit.din), ("sscc", "", shipment.sscc), ("awb", "", shipment.awb)),
    )


def _cell(column: str, text: Callable[[str], str]) -> Callable[[Record, Draws], Record | None]:
    return lambda record, _draws: {**record, column: text(record[column])}


def _wrong_check(din: str) -> str:
    return numbers.with_wrong_check(din.replace(" ", "").lstrip("=")[:13])


def _wrong_checksum(grid: str) -> str:
    return f"{grid[:17]}{(int(grid[17:]) + 1) % 37:02d}"


def _wrong_air_waybill(awb: str) -> str:
    return f"{awb[:-1]}{(int(awb[-1]) + 1) % 7}"


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "unit": (
        DefectClass("wrong_check_character", "R01", "row", None, 0.04, 0.1, _cell(DIN, _wrong_check)),
        DefectClass("wrong_grid_checksum", "R02", "row", None, 0.12, 0.26, _cell(GRID, _wrong_checksum)),
        DefectClass("impossible_day", "D02", "row", None, 0.03, 0.08, _cell("COLL_DATE", lambda text: f"30-Feb-{text[-4:]}")),
        DefectClass("decimal_comma", "D02", "cell", "tnc_post_e8", 0.05, 0.1, _cell(TNC, lambda text: text.replace(".", ","))),
        DefectClass("unknown_method", "D04", "cell", "viability_method", 0.05, 0.1, _cell(METHOD, lambda _: "eosin")),
        DefectClass("unknown_status", "D04", "cell", "status", 0.04, 0.1, _cell(STATUS, lambda _: "LOST")),
        DefectClass("more_than_all", "D07", "flag", "viability_pct", 0.04, 0.1, _cell(VIABILITY, lambda text: f"{float(text) * 10:g}")),
    ),
    "shipment": (
        DefectClass("no_reference", "D03", "row", None, 0.04, 0.1, _cell("SHIP_REF", lambda _: "")),
        DefectClass("wrong_air_waybill", "R03", "cell", "awb", 0.06, 0.12, _cell("AWB", _wrong_air_waybill)),
        DefectClass("colder_than_cold", "D07", "flag", "shipper_c", 0.05, 0.1, _cell("SHIPPER_C", lambda _: "-305")),
    ),
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {
    "unit": lambda record, _draws: {**record, "LOCATION": "T1/R1/B1"},
}
