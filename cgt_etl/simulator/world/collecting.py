"""Collections and the bags that come of them: apheresis runs, pooling, splitting, freezing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from cgt_etl.simulator.calendar import clock, later
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Bag, Collection, Person
from cgt_etl.simulator.world import effects
from cgt_etl.simulator.world.scene import Scene

MNC_CODE, FROZEN_MNC_CODE = "A0001", "A0002"
"""Invented: the product-code table is licensed, and its public examples hold no unmobilised collection."""
HPC_CODE, FROZEN_HPC_CODE = "S1128", "S1194"
"""Public examples: HPC by apheresis, mobilised, fresh and cryopreserved in 10 % DMSO."""
FROZEN_CODE = {MNC_CODE: FROZEN_MNC_CODE, HPC_CODE: FROZEN_HPC_CODE}
COLLECTION_TYPE = "1"
DEVICES = ("Optia", "OPTIA v11", "Amicus")
MOST_T_CELLS = 0.7
"""Largest share of a product's nucleated cells that are T cells."""
MOST_STEM_CELLS = 0.03
"""Likewise, stem cells."""
MOST_CD3 = 49e9
"""T cells of one collection: the tails of count and efficiency together must not go beyond what measurements.csv calls plausible."""
TARGET_CD3 = 1e9
TARGET_CD34_PER_KG = 4e6
FREEZING_H = 1.5
SAMPLED_AFTER, LEFT_OF_CD3 = 0.6, 0.75
"""Share of runs after which the blood is sampled too, and what is then left of its T cells; chosen."""
POOLED, SPLIT = 0.4, 0.25
"""Shares of collections of several days that are pooled, of bags that are split, where nothing is laid down."""
DIVISIONS = ("A0", "B0")
SAMPLE_DIVISION, SAMPLE_ML = "Q0", 2.0


@dataclass(frozen=True)
class Blood:
    """What of a donor bears on a collection."""

    log_cd3: float = 0.0
    log_cd34: float = 0.0
    cohort: str = "patient"


def collect(
    scene: Scene, donor: Person, first_day: date, days: int, blood: Blood, *, mobilised: bool, recipient_kg: float
) -> list[Collection]:
    """Runs on consecutive days; `recipient_kg` is what a transplant's target counts by."""
    runs = [_run(scene, donor, first_day + timedelta(days=day), blood, mobilised=mobilised) for day in range(days)]
    total = sum(run.cd34_yield if mobilised else run.cd3_yield for run in runs)
    met = total >= (TARGET_CD34_PER_KG * recipient_kg if mobilised else TARGET_CD3)
    return [replace(run, target_met=met) for run in runs]


def _run(scene: Scene, donor: Person, on: date, blood: Blood, *, mobilised: bool) -> Collection:
    draws, pick, zone = scene.draws, scene.draws.random, scene.blood_centre.zone
    procedure = "HPC" if mobilised else ("MNC" if pick.random() < 0.25 else "CMNC")
    tbv = donor.weight_kg * 65
    if blood.cohort == "patient" or mobilised:
        litres = tbv * draws.number("wb_processed_tbv", "patient")
        blood_ml = round(max(4000.0, min(16000.0, litres)), -1)
    else:
        blood_ml = round(draws.number("whole_blood_processed", "donor unmob"), -1)
    started = clock(on, 8 + pick.random() * 2, zone)
    platelets = round(draws.near(140 if blood.cohort == "patient" else 230, 0.25))
    drop = draws.number("plt_drop_pct", "donor MNC")
    shift = scene.habits.ce2 + effects.PLATELETS.size * (platelets - effects.MEDIAN_PLATELETS) * (blood.cohort == "patient")
    ce2 = round(draws.number("ce2_cd3", "CMNC" if mobilised else procedure, shift), 1)
    pre_cd3 = float(round(draws.number("pb_cd3_abs", blood.cohort, blood.log_cd3)))
    pre_cd34 = float(round(draws.number("pb_cd34_d5", "donor", blood.log_cd34))) if mobilised else 0.0
    ce2_cd34 = draws.number("ce2_cd34", "mobilised") if mobilised else 0.0
    pre_cd3 = min(pre_cd3, float(MOST_CD3 // (1000 * blood_ml * ce2 / 100)))
    cd3_yield = pre_cd3 * 1000 * blood_ml * ce2 / 100
    cd34_yield = pre_cd34 * 1000 * blood_ml * ce2_cd34 / 100
    volume = float(round(draws.number("product_volume", "CMNC")))
    thickest = max(cd3_yield / MOST_T_CELLS, cd34_yield / MOST_STEM_CELLS) / volume / 1e6
    haemoglobin = draws.near(11 if blood.cohort == "patient" else 14, 0.08)
    din = scene.donation(on.year)
    return Collection(
        din=din,
        donor=donor,
        blood_centre=scene.blood_centre,
        site=scene.collection_site,
        is_autologous=blood.cohort == "patient",
        procedure=procedure,
        device=pick.choice(DEVICES),
        started=started,
        completed=later(started, round(draws.number("run_time", "CMNC")) / 60),
        pre_cd3=pre_cd3,
        pre_cd34=pre_cd34,
        post_cd3=_left_over(Draws.seeded(scene.seed, "after the run", din), pre_cd3),
        blood_ml=blood_ml,
        inlet_ml=round(blood_ml * 12.5 / 11.5, -1),
        anticoagulant_ml=float(round(blood_ml / 11.5)),
        blood_volume_ml=float(round(tbv)),
        product_ml=volume,
        product_wbc_e6_per_ml=round(max(draws.near(150 if mobilised else 35, 0.2), thickest * 1.005), 1),
        cd3_yield=cd3_yield,
        cd34_yield=cd34_yield,
        cd14_pct=round(draws.number("product_cd14_pct", "product"), 1),
        ce2=ce2,
        haemoglobin=(round(haemoglobin, 1), round(haemoglobin - 0.4, 1)),
        platelets=(float(platelets), float(round(platelets * (1 - drop / 100)))),
        viability=round(min(99.5, draws.near(98, 0.008)), 1),
        reaction=pick.choice(("CIT1", "CIT1", "CIT2", "VV")) if draws.happens("citrate_reaction_p", "donor MNC") else "",
        target_met=True,
    )


def _left_over(draws: Draws, pre_cd3: float) -> float | None:
    """T cells of the blood after the run, of a stream of its own; None where nobody sampled it."""
    return float(round(pre_cd3 * draws.near(LEFT_OF_CD3, 0.1))) if draws.chance(SAMPLED_AFTER) else None


@dataclass(frozen=True)
class Bags:
    """All bags of a collection, and those that go on to be used."""

    every: tuple[Bag, ...]
    final: tuple[Bag, ...]
    ready: datetime
    """When the last can be packed."""


def bag(scene: Scene, runs: list[Collection], *, hold_h: float | None) -> Bags:
    """Bags of the runs: pooled or not, split or not, frozen `hold_h` after the last run's end, or fresh (None)."""
    mobilised = runs[0].procedure == "HPC"
    code = HPC_CODE if mobilised else MNC_CODE
    current = [
        Bag(run.din, _printed(code, "00"), "00", "fresh", run.product_ml, _e9(run), round(run.cd3_yield / 1e6, 1), run.completed)
        for run in runs
    ]  # fmt: skip
    every = list(current)
    if len(current) > 1 and scene.plan.decide("pooled", scene.draws.chance(POOLED)):
        pool = _pool(scene, current, code)
        current = [pool]
        every += [pool, _sample(pool, code)]
    if scene.plan.decide("split", scene.draws.chance(SPLIT)):
        current = [part for whole in current for part in _split(scene, whole, code)]
        every += current
    if hold_h is not None:
        current = [_freeze(scene, thawed, code, later(runs[-1].completed, hold_h)) for thawed in current]
        every += current
    ready = max(later(one.created, FREEZING_H if one.state == "cryopreserved" else 0.5) for one in current)
    return Bags(tuple(every), tuple(current), ready)


def _printed(code: str, division: str) -> str:
    return f"{code}{COLLECTION_TYPE}{division}"


def _e9(run: Collection) -> float:
    return round(run.product_wbc_e6_per_ml * run.product_ml / 1000, 3)


def _pool(scene: Scene, parts: list[Bag], code: str) -> Bag:
    """A pool has a donation number of its own."""
    created = later(parts[-1].created, 1.0)
    return Bag(
        din=scene.donation(created.year),
        product_code=_printed(code, "00"),
        division="00",
        state="fresh",
        volume_ml=round(sum(part.volume_ml for part in parts), 1),
        tnc_e9=round(sum(part.tnc_e9 for part in parts) * 0.99, 3),
        cd3_e6=round(sum(part.cd3_e6 for part in parts) * 0.99, 1),
        created=created,
        made_from=tuple(part.key for part in parts),
        edge="pool",
    )


def _sample(whole: Bag, code: str) -> Bag:
    """What is kept of a pool to be tested."""
    share = SAMPLE_ML / whole.volume_ml
    return replace(
        whole,
        product_code=_printed(code, SAMPLE_DIVISION),
        division=SAMPLE_DIVISION,
        volume_ml=SAMPLE_ML,
        tnc_e9=round(whole.tnc_e9 * share, 3),
        cd3_e6=round(whole.cd3_e6 * share, 1),
        created=later(whole.created, 0.25),
        made_from=(whole.key,),
        edge="sample",
    )


def _split(scene: Scene, whole: Bag, code: str) -> list[Bag]:
    """Two divisions; a little stays in the tubing."""
    first = scene.draws.random.uniform(0.45, 0.55)
    return [
        replace(
            whole,
            product_code=_printed(code, division),
            division=division,
            volume_ml=round(whole.volume_ml * share * 0.99, 1),
            tnc_e9=round(whole.tnc_e9 * share * 0.98, 3),
            cd3_e6=round(whole.cd3_e6 * share * 0.98, 1),
            created=later(whole.created, 0.5),
            made_from=(whole.key,),
            edge="split",
        )
        for division, share in zip(DIVISIONS, (first, 1 - first), strict=True)
    ]


def _freeze(scene: Scene, fresh: Bag, code: str, started: datetime) -> Bag:
    """Another product code under the same donation number; reduced in volume, with cryoprotectant."""
    return replace(
        fresh,
        product_code=_printed(FROZEN_CODE[code], fresh.division),
        state="cryopreserved",
        volume_ml=round(min(fresh.volume_ml, scene.draws.near(60, 0.15)), 1),
        tnc_e9=round(fresh.tnc_e9 * 0.95, 3),
        cd3_e6=round(fresh.cd3_e6 * 0.95, 1),
        created=max(started, later(fresh.created, 0.5)),
        made_from=(fresh.key,),
        edge="transform",
    )
