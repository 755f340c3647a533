"""At the hospital: conditioning, infusions, and what became of the patient."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cgt_etl.simulator.calendar import clock, later
from cgt_etl.simulator.draws import Draws, probability
from cgt_etl.simulator.model import Administration, Batch, Outcome
from cgt_etl.simulator.parties import Product
from cgt_etl.simulator.world import effects
from cgt_etl.simulator.world.network import COHORTS
from cgt_etl.simulator.world.plan import CORD, EDITED, HSCT, RELATED, TRANSPLANTS
from cgt_etl.simulator.world.scene import Scene

LYMPHODEPLETION_DAYS, CONDITIONING_DAYS = 5, 7
FOLLOW_UP_DAYS = 365
THAWED_BEFORE_H = 0.5
"""From the thaw to the infusion; every product's window is longer. Chosen."""
PARTIAL = 0.03
"""Share of infusions that are stopped for a reaction; chosen."""
SEVERE = {"axi": (0.08, 0.19), "tisa NHL": (0.05, 0.05), "liso": (0.01, 0.02)}
"""Shares of all patients with grade 3 or more, CRS and ICANS, as `distributions.csv` notes beside `crs_any_p` and `icans_any_p`."""
NK_TOXICITY = 0.1
TRANSPLANT_HAZARD = 0.5
"""Of relapse after a transplant, against the products' hazard."""
ENGRAFTS = {HSCT: "HSCT paed", RELATED: "HSCT paed", CORD: "cord", EDITED: "ghsc"}
"""Modality -> cohort of its engraftment in the table."""
UNTREATED = Outcome(0, None, 0, "", None, None, None, None)


def infusion_time(scene: Scene, day: date) -> datetime:
    return clock(day, scene.draws.number("infusion_local_hour", "LBCL"), scene.hospital.zone)


@dataclass(frozen=True)
class Dose:
    """What is given in one infusion, and since when it has been there."""

    number: int
    product: Product
    arm: str
    lots: tuple[str, ...]
    batch: Batch | None
    planned_e6: float
    received: datetime
    withheld: tuple[str, ...] = ()
    """Other lots of it that are not given."""


def infuse(scene: Scene, dose: Dose, started: datetime, *, pathway: str = "", conditioned: bool = True) -> Administration:
    """One infusion of all lots named; the bedside handoff is entered."""
    draws = scene.draws
    is_stopped = scene.plan.decide("stopped", draws.chance(PARTIAL))
    fraction = round(draws.random.uniform(0.4, 0.9), 2) if is_stopped else 1.0
    thawed = later(started, -THAWED_BEFORE_H)
    scene.ledger.give("H15", scene.hospital, scene.hospital, dose.lots, thawed, usual_h=0.4)
    days = CONDITIONING_DAYS if dose.arm in ("graft", "CD34") else LYMPHODEPLETION_DAYS
    approved = None
    disposed = dose.batch.disposed if dose.batch else None
    if pathway and disposed:
        local = disposed.astimezone(scene.hospital.zone).date()
        approved = max(later(disposed, 20, scene.hospital.zone), clock(local + timedelta(days=1), 10, scene.hospital.zone))
    return Administration(
        number=dose.number,
        product=dose.product,
        arm=dose.arm,
        lots=dose.lots,
        batch=dose.batch.number if dose.batch else "",
        started=started,
        completed=later(started, len(dose.lots) * 0.5 - 1 / 6),
        dose_e6=round(dose.planned_e6 * fraction, 1),
        fraction_given=fraction,
        pathway=pathway,
        pathway_approved=approved,
        conditioning_started=started.date() - timedelta(days=days) if conditioned else None,
        received_at_site=dose.received,
        thawed=None if dose.arm == "graft" else thawed,
        stopped="reaction" if is_stopped else "",
        withheld=dose.withheld,
    )


def _days_until(draws: Draws, hazard: float) -> int:
    return 1 + int(-math.log(1 - draws.random.random()) / hazard)


def outcome(scene: Scene, modality: str, product: Product, infused: datetime, last: date) -> Outcome:
    """Toxicity, response, engraftment, progression and death in the year after the infusion; nobody dies before the `last` one."""
    draws = scene.draws
    day = infused.date()
    hour = infused.hour + infused.minute / 60
    hazard = effects.progression_hazard() * effects.LATE_HOUR.size ** (hour - 11.8)
    if modality in TRANSPLANTS:
        hazard = effects.progression_hazard() * TRANSPLANT_HAZARD
    until_relapse = max(10, _days_until(draws, hazard))
    until_death = max(until_relapse + 5, 21, (last - day).days) + _days_until(draws, effects.death_hazard())
    relapsed = day + timedelta(days=until_relapse) if until_relapse <= FOLLOW_UP_DAYS else None
    died = day + timedelta(days=until_death) if until_death <= FOLLOW_UP_DAYS else None
    if modality in ENGRAFTS:
        cohort = ENGRAFTS[modality]
        neutrophils, platelets = (
            None if draws.never(name, cohort) else round(draws.number(name, cohort)) for name in ("anc_engraft_day", "plt_engraft_day")
        )
        if modality == EDITED:
            # nothing malignant relapses, and deaths in the year are those of the conditioning, which are not simulated
            return Outcome(0, None, 0, "", neutrophils, platelets, None, None)
        if died:
            neutrophils, platelets = (
                engraft if engraft is not None and engraft < until_death else None for engraft in (neutrophils, platelets)
            )
        return Outcome(0, None, 0, "", neutrophils, platelets, died, relapsed)
    crs, icans = _toxicity(draws, product)
    onset = min(9, round(draws.number("crs_onset_day", "tisa ALL"))) if crs else None
    return Outcome(crs, onset, icans, _response(draws, until_relapse), None, None, died, relapsed)


def _toxicity(draws: Draws, product: Product) -> tuple[int, int]:
    if product.name not in COHORTS:
        return (draws.random.choice((1, 1, 2)) if draws.chance(NK_TOXICITY) else 0), 0
    cohorts = COHORTS[product.name]
    severe_crs, severe_icans = SEVERE[cohorts.crs][0], SEVERE[cohorts.icans][1]
    return _grade(draws, "crs_any_p", cohorts.crs, severe_crs), _grade(draws, "icans_any_p", cohorts.icans, severe_icans)


def _grade(draws: Draws, variable: str, cohort: str, severe: float) -> int:
    if not draws.happens(variable, cohort):
        return 0
    from_three = severe / probability(variable, cohort)
    return draws.random.choice((3, 3, 4)) if draws.chance(from_three) else draws.random.choice((1, 1, 2))


def _response(draws: Draws, until_relapse: int) -> str:
    if until_relapse <= 30:
        return "PD"
    return draws.random.choice(("CMR", "CMR", "CMR", "PR", "SD"))
