"""Minutes of wrist-worn devices around the infusion (or the collection), one file a journey.

A few days of a few patients of the one hospital whose programme is a partner of the repository; where the high-volume feeds are on, six
weeks of everybody, 60,480 rows a journey, as one partner per hospital, of which `partners` gives the files that the repository lacks.
The only feed whose rows have no truth of their own: the file's truth is whose it is and how many rows it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.facts import Bulk, Csv, DefectClass, Fact, Layout, Named
from cgt_etl.simulator.model import Journey
from cgt_etl.simulator.parties import Network, Party

DAYS, DAYS_BEFORE = 42, 14
FEW_DAYS, FEW_BEFORE, ONE_IN = 8, 3, 3
"""Without the high-volume feeds: days, and one journey in so many."""
DIALECT = "wearable_csv"
FEEDS: Mapping[str, Layout] = {"enrolment": Csv("enrolment_{stamp}.csv", ("USER_ID", "MRN", "ENROLLED_ON"))}
DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {}
PROGRAMME, _TEMPLATE_HOSPITAL = "stride_wearables", "lakeside_hospital"
"""The repository's partner, and whose numbers it quotes."""
TEMPLATE = Path(__file__).parents[2] / "partners" / PROGRAMME / "partner.yaml"
_RESTING_PER_MIN = 64.0
_AWAKE_FROM, _AWAKE_TO = 7 * 60, 22 * 60
"""Minutes of the day between which steps are made."""


@dataclass(frozen=True)
class Worn:
    """What one download holds: whose device, from which local midnight, and what was done with it, day by day."""

    user: str
    device: str
    first: date
    zone: ZoneInfo
    seed: int
    steps: tuple[float, ...]
    is_worn: tuple[bool, ...]


def partner_of(hospital: Party, network: Network) -> str:
    """The programme that the patients of a hospital wear their devices in; a partner, since it quotes that hospital's numbers."""
    return PROGRAMME if hospital.partner == _TEMPLATE_HOSPITAL else f"{PROGRAMME}_{network.hospitals.index(hospital) + 1}"


def partners(network: Network) -> dict[str, str]:
    """Partner -> text of its `partner.yaml`, but for the repository's own."""
    template = TEMPLATE.read_text(encoding="utf-8")
    files = {}
    for place, hospital in enumerate(network.hospitals, start=1):
        name = partner_of(hospital, network)
        if name == PROGRAMME:
            continue
        text = template.replace(_TEMPLATE_HOSPITAL, hospital.partner).replace("stride-1", f"stride-{place}")
        files[name] = text.replace(f"partner: {PROGRAMME}\n", f"partner: {name}\n")
    return files


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact | Bulk]:
    """A few days of the patient, where they are one of the few."""
    if partner_of(journey.hospital, network) == PROGRAMME and journey.number % ONE_IN == 0:
        yield from _worn(journey, network, draws, FEW_DAYS, FEW_BEFORE)


def full_facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact | Bulk]:
    """Six weeks of every patient."""
    yield from _worn(journey, network, draws, DAYS, DAYS_BEFORE)


def _worn(journey: Journey, network: Network, draws: Draws, days: int, before: int) -> Iterator[Fact | Bulk]:
    """The enrolment and the minutes of the patient of one journey; nothing where nothing was collected or given."""
    middle = _middle(journey)
    if middle is None:
        return
    first = middle - timedelta(days=before)
    patient, hospital = journey.patient, journey.hospital
    partner = partner_of(hospital, network)
    user = f"U-{journey.number:06d}"
    named = Named("user_id", "vendor_user", partner, user, "recipient", patient.number)
    record = {"USER_ID": user, "MRN": patient.mrn, "ENROLLED_ON": first.isoformat()}
    mrn = Named("mrn", "mrn", hospital.partner, patient.mrn, "recipient", patient.number)
    yield Fact(partner, "enrolment", first, record, (user,), journey.number, (named, mrn))
    device = f"LX{journey.number % 5000:04d}"
    last = first + timedelta(days=days)
    seed = draws.random.getrandbits(64)
    steps = tuple(draws.number("steps", "patient") for _ in range(days))
    is_worn = tuple(not draws.happens("wear_missing_p", "any") for _ in range(days))
    worn = Worn(user, device, first, hospital.zone, seed, steps, is_worn)
    yield Bulk(partner, "minute", last, journey.number, f"minutes_{device}_{last:%Y%m%d}.csv", partial(write, worn), (named,))


def _middle(journey: Journey) -> date | None:
    if journey.administrations:
        return journey.administrations[0].started.date()
    return journey.collections[0].started.date() if journey.collections else None


def write(of: Worn, path: Path) -> int:
    """Write every minute of the days from local midnight of the first, each of 24 hours; gives the number of rows."""
    count = len(of.steps) * 24 * 60
    start = datetime.combine(of.first, time(), tzinfo=of.zone).astimezone(UTC).replace(tzinfo=None)
    at = pl.datetime_range(start, start + timedelta(minutes=count - 1), "1m", time_zone="UTC", eager=True)
    random = np.random.Generator(np.random.PCG64(of.seed))
    minute = np.arange(count) % (24 * 60)
    is_awake = (minute >= _AWAKE_FROM) & (minute < _AWAKE_TO)
    pace = np.repeat(np.asarray(of.steps) / (_AWAKE_TO - _AWAKE_FROM), 24 * 60)
    worn = np.repeat(np.asarray(of.is_worn), 24 * 60)
    made = np.where(is_awake & worn, random.poisson(pace), 0)
    rate = np.round(_RESTING_PER_MIN + 0.4 * made + random.normal(0, 3, count), 1)
    has_contact = worn & (random.random(count) > 0.01)
    frame = pl.DataFrame(
        {
            "USER_ID": pl.Series([of.user]).new_from_index(0, count),
            "DEVICE": pl.Series([of.device]).new_from_index(0, count),
            "MINUTE": at.dt.convert_time_zone(str(of.zone)).dt.strftime("%Y-%m-%dT%H:%M:%S%:z"),
            "STEPS": made,
            "HEART_RATE": pl.Series(np.where(has_contact, rate, np.nan)).fill_nan(None),
            "WORN": worn.astype(np.int8),
        }
    )
    frame.write_csv(path)
    return count
