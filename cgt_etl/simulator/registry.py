"""The registry's snapshots: layout 10 of the partner layouts, one row per recipient and infusion, whole each night."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from cgt_etl.simulator.calendar import Calendar
from cgt_etl.simulator.delivery import Defect, Delivery, Line
from cgt_etl.simulator.world import REGISTRY, Journey

COLUMNS = (
    "crid", "f4000_prodname", "cellprodid", "batchno", "lotno", "infdate", "entirevol", "dose_e8", "wt_kg", "crsmax", "crsscale",
    "neurotox", "bestresp", "bestresp_scale", "anc500dt", "survstat", "lastcontact",
)  # fmt: skip
REPORTED_AFTER = timedelta(days=7)
ASSESSED_AFTER = timedelta(days=28)


def deliveries(journeys: Iterable[Journey], calendar: Calendar, *, defects: bool) -> list[Delivery]:
    """One snapshot per night that has anything to report; the last drops a withdrawn row and corrects another."""
    files = []
    infused = [(journey, journey.infused) for journey in journeys if journey.infused]
    for night in range(1, calendar.nights + 1):
        today = calendar.day_of(night)
        file = Delivery(night, REGISTRY, "outcome", f"reg_{calendar.stamp(night)}.csv", header=",".join(COLUMNS))
        known = [(journey, at) for journey, at in infused if at.date() + REPORTED_AFTER <= today]
        is_last = night == calendar.nights and night > 1
        for place, (journey, at) in enumerate(known):
            if is_last and defects and place == 1:
                continue  # withdrawn by the centre
            row = _row(journey, at, today)
            found: tuple[Defect, ...] = ()
            if is_last and defects and place == 0:
                row["dose_e8"] = f"{journey.dose / 100 + 0.01:.2f}"
            if defects:
                row, found = _spoil(row, journey, place)
            file.lines.append(Line(_csv(row), found))
        if file.lines:
            files.append(file)
    return files


def _row(journey: Journey, at: datetime, today: date) -> dict[str, str]:
    two_components = len(journey.lots) > 1
    assessed = today >= at.date() + ASSESSED_AFTER
    died = journey.died if journey.died and journey.died <= today else None
    return {
        "crid": journey.person.crid,
        "f4000_prodname": journey.product.name,
        "cellprodid": journey.coi if two_components else "",
        "batchno": "" if two_components else journey.batch,
        "lotno": ", ".join(journey.lots),
        "infdate": f"{at:%Y-%m-%d}",
        "entirevol": "No" if journey.number % 6 == 0 else "Yes",
        "dose_e8": f"{journey.dose / 100:.2f}",
        "wt_kg": f"{journey.person.weight_kg:g}",
        "crsmax": str(journey.crs_grade),
        "crsscale": "ASTCT",
        "neurotox": "",
        "bestresp": journey.response if assessed else "",
        "bestresp_scale": "Lugano" if assessed else "",
        "anc500dt": f"{at + timedelta(days=14 + journey.number % 5):%Y-%m-%d}" if assessed else "",
        "survstat": "2" if died else "1",
        "lastcontact": f"{died or today:%Y-%m-%d}",
    }


def _spoil(row: dict[str, str], journey: Journey, place: int) -> tuple[dict[str, str], tuple[Defect, ...]]:
    """What forms and their keepers do to a row; codes such as 97 and 999999 are legal and mean no value."""
    found: list[Defect] = []
    changed = dict(row)
    if journey.neurotoxicity:
        changed["neurotox"] = str(journey.neurotoxicity)
        found.append(Defect("grade_without_scale", "R42", "cell", "neurotox"))
    else:
        changed["neurotox"] = "97" if journey.number % 2 else "99"
    if place == 1:
        changed["infdate"] = f"{row['infdate'][:7]}-XX"
        found.append(Defect("partial_date", "D06", "flag", "infdate"))
    if place == 2 and row["anc500dt"]:
        changed["anc500dt"] = "999999"
    if place == 3:
        changed["crsscale"] = ""
        found.append(Defect("grade_without_scale", "R42", "cell", "crsmax"))
    return changed, tuple(found)


def _csv(row: dict[str, str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row[column] for column in COLUMNS)
    return text.getvalue()
