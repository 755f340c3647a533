"""The nightly apheresis files of the blood centres: layout 1 of the partner layouts, one row per bag.

Defects sit at journeys named in `_spoil`; the forms in which numbers are written vary by journey and are no defects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from cgt_etl.simulator import numbers
from cgt_etl.simulator.calendar import Calendar
from cgt_etl.simulator.delivery import Defect, Delivery, Line
from cgt_etl.simulator.world import CENTRES, GRAMS_PER_ML, Collection, Journey

COLUMNS = (
    "DIN", "PROD_CD", "DIV", "DNR_NO", "PT_MRN", "ORDER_REF", "COI", "PROC_DT", "PROC_START", "PROC_END", "PROC_TYPE", "DEVICE", "TBV_ML",
    "INLET_VOL_ML", "WB_PROC_L", "ACDA_USED_ML", "AC_RATIO", "RUN_MIN", "PRD_VOL_G", "PRD_WBC_K_UL", "TNC_E8", "CD3_YIELD_E9", "PRE_CD3_UL",
    "CE2_PCT", "HGB_PRE", "HGB_POST", "PLT_PRE", "PLT_POST", "VIAB", "FRZ_YN", "RXN_CD",
)  # fmt: skip
MNC_CODE = "A0001"
"""Invented: the product-code table is licensed, and its public examples hold no unmobilised collection."""
MOBILISED_CODE = "S1128"
"""Public example: HPC, apheresis, mobilised; the wrong class for these collections."""
Row = dict[str, str]


def deliveries(journeys: Iterable[Journey], calendar: Calendar, *, defects: bool) -> list[Delivery]:
    """One file per blood centre and night in which it collected or corrected anything, and one broken file a run."""
    files: dict[tuple[int, str], Delivery] = {}

    def add(night: int | None, journey: Journey, row: Row, *found: Defect) -> None:
        if night is not None:
            centre = journey.centre.blood_centre
            name = f"apheresis_{calendar.stamp(night)}.csv"
            file = files.setdefault((night, centre), Delivery(night, centre, "apheresis", name, header=",".join(COLUMNS)))
            file.lines.append(Line(",".join(row[column] for column in COLUMNS), found))

    for journey in journeys:
        for day, collection in enumerate(journey.collections):
            night = calendar.night_of(collection.completed.date())
            row = _row(journey, day, collection)
            if night is None or not defects:
                add(night, journey, row)
                continue
            row = _written(row, journey.number, day)
            spoiled, found = _spoil(row, journey.number, day)
            if journey.number == 4 and day == 0 and calendar.next_night(night):
                spoiled = _first_count(spoiled)
            add(night, journey, spoiled, *found)
            for later, corrected, notes in _afterwards(row, journey.number, day):
                add(calendar.next_night(night) if later else night, journey, corrected, *notes)
    if defects:
        broken = _broken(files, calendar)
        if broken:
            files[broken.night, broken.partner + "/broken"] = broken
    return [files[key] for key in sorted(files)]


def _row(journey: Journey, day: int, run: Collection) -> Row:
    volume_ml = run.product_g / GRAMS_PER_ML
    return {
        "DIN": run.din,
        "PROD_CD": f"{MNC_CODE}100",
        "DIV": "00",
        "DNR_NO": journey.person.donor_number,
        "PT_MRN": journey.person.mrn,
        "ORDER_REF": journey.order_id,
        "COI": journey.coi,
        "PROC_DT": f"{run.started:%m/%d/%Y}",
        "PROC_START": f"{run.started:%H:%M}",
        "PROC_END": f"{run.completed:%H:%M}",
        "PROC_TYPE": "MNC" if journey.number % 4 == 0 else "CMNC",
        "DEVICE": ("Optia", "OPTIA v11", "Amicus")[(journey.number + day) % 3],
        "TBV_ML": f"{run.blood_volume_ml:g}",
        "INLET_VOL_ML": f"{run.inlet_ml:.0f}",
        "WB_PROC_L": f"{run.blood_ml / 1000:g}",
        "ACDA_USED_ML": f"{run.anticoagulant_ml:.0f}",
        "AC_RATIO": "12:1",
        "RUN_MIN": f"{(run.completed - run.started).total_seconds() / 60:.0f}",
        "PRD_VOL_G": f"{run.product_g:.0f}",
        "PRD_WBC_K_UL": f"{run.product_wbc:g}",
        "TNC_E8": f"{run.product_wbc * volume_ml / 100:.1f}",
        "CD3_YIELD_E9": f"{run.cd3_yield / 1e9:.2f}",
        "PRE_CD3_UL": f"{run.pre_cd3:.0f}",
        "CE2_PCT": f"{run.ce2:g}",
        "HGB_PRE": f"{run.haemoglobin[0]:g}",
        "HGB_POST": f"{run.haemoglobin[1]:g}",
        "PLT_PRE": f"{run.platelets[0]:.0f}",
        "PLT_POST": f"{run.platelets[1]:.0f}",
        "VIAB": f"{run.viability:g}",
        "FRZ_YN": "N",
        "RXN_CD": run.reaction,
    }


def _written(row: Row, journey: int, day: int) -> Row:
    """The forms in which this centre's people and spreadsheets write the same facts; all of them can be read."""
    din = row["DIN"]
    changed = {"DIN": (numbers.with_flags(din), numbers.with_check(din), din, numbers.as_printed(din))[(journey + day * 3) % 4]}
    if journey % 3 != 1:
        changed["PT_MRN"] = row["PT_MRN"].lstrip("0")
    if (journey + day) % 4 == 3:
        changed["AC_RATIO"] = "12:01:00"
    if journey % 5 == 2 and day == 1:
        changed["PRE_CD3_UL"] = ""
    if journey == 4:
        changed["COI"] = ""
    return {**row, **changed}


def _spoil(row: Row, journey: int, day: int) -> tuple[Row, tuple[Defect, ...]]:
    """The row with the defect of its journey, as first delivered."""
    if journey == 1:
        return {**row, "PROD_CD": f"{MOBILISED_CODE}100"}, (Defect("mobilised_product_code", "D11", "flag", "product_code"),)
    if journey == 2 and day == 1:
        return {**row, "DIV": "A0"}, (Defect("division_contradicts_product_code", "D12", "flag", "division"),)
    if day > 0:
        return row, ()
    spoiled: dict[int, tuple[Row, Defect]] = {
        3: ({"DIN": numbers.with_wrong_check(_plain(row["DIN"]))}, Defect("wrong_check_character", "R01", "row")),
        5: ({"DEVICE": "Optima?"}, Defect("unknown_device", "D04", "cell", "device")),
        6: ({"TNC_E8": "see note"}, Defect("words_for_a_number", "D02", "cell", "tnc_e8")),
        8: ({"HGB_PRE": f"{float(row['HGB_PRE']) * 10:g}"}, Defect("grams_per_litre", "D07", "flag", "hgb_pre")),
        10: ({"PROC_DT": f"02/30/{row['PROC_DT'][-4:]}"}, Defect("impossible_date", "D02", "row")),
        11: ({"COI": row["COI"][:-1]}, Defect("short_chain_of_identity", "R04", "row")),
    }
    if journey not in spoiled:
        return row, ()
    changed, defect = spoiled[journey]
    return {**row, **changed}, (defect,)


def _afterwards(row: Row, journey: int, day: int) -> list[tuple[bool, Row, tuple[Defect, ...]]]:
    """What the centre sends for the same bag again: (in the next night, row, defects)."""
    if day > 0:
        return []
    if journey in (3, 4, 10, 11):
        return [(True, row, ())]
    if journey == 7:
        again = {**row, "VIAB": f"{float(row['VIAB']) - 1:g}"}
        return [(False, again, (Defect("same_bag_twice", "D08", "flag"),))]
    return []


def _first_count(row: Row) -> Row:
    """The row as it stood before the product was counted again: fewer cells, and the efficiency that goes with them."""
    return {**row, "CD3_YIELD_E9": f"{float(row['CD3_YIELD_E9']) * 0.9:.2f}", "CE2_PCT": f"{float(row['CE2_PCT']) * 0.9:.1f}"}


def _plain(din: str) -> str:
    """The 13 characters of a number in any of the forms of `_written`."""
    return din.replace(" ", "").lstrip("=")[:13]


def _broken(files: dict[tuple[int, str], Delivery], calendar: Calendar) -> Delivery | None:
    """The file of the day before, written with another delimiter by somebody's spreadsheet."""
    centre = CENTRES[1].blood_centre
    night = next((night for night, partner in sorted(files) if partner == centre and night >= min(2, calendar.nights)), None)
    if night is None:
        return None
    good = files[night, centre]
    name = f"apheresis_{calendar.day_of(night) - timedelta(days=1):%Y%m%d}.csv"
    lines = [replace(line, text=line.text.replace(",", ";"), defects=()) for line in good.lines]
    refused = Defect("wrong_delimiter", "D01", "refuse")
    return Delivery(night, centre, "apheresis", name, header=";".join(COLUMNS), lines=lines, refused=refused)
