"""Manufacture: one attempt after another, with its process points, materials, certificates and lots."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cgt_etl.simulator.calendar import clock, later
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Bag, Batch, Certificate, DoseUnit, MaterialLot, ProcessPoint, Test
from cgt_etl.simulator.parties import Party, Product
from cgt_etl.simulator.world import effects
from cgt_etl.simulator.world.network import COHORTS
from cgt_etl.simulator.world.scene import Scene, habits

SEED_E6 = 300.0
"""Most cells that go into culture, 10*6."""
INTERIM_DAYS, FINAL_DAYS = 6, 14
"""From fill to a certificate with interim sterility, and to one with final sterility."""
RAPID_SHARE = 0.5
"""Of batches whose sterility is tested by a rapid method, final at the first certificate."""
QC_DAYS = 7
REASONS = {
    "low_dose": "dp_car_pos_viable_total",
    "viability": "dp_viability",
    "car_expr": "transduction_eff",
    "ifng": "potency_ifng",
    "il2": "potency_ifng",
}
"""Reason for being out of specification in the table -> test that fails."""
METHODS = {
    "dp_viability": "AO/PI", "transduction_eff": "flow, of viable CD3+", "dp_car_pos_viable_total": "calculated",
    "vcn": "ddPCR, copies per transduced cell", "endotoxin": "kinetic LAL", "mycoplasma": "PCR", "rcl_rcr": "VSV-G qPCR",
    "potency_ifng": "ELISA", "dp_cd3_purity": "flow",
    "product_cd34_total": "calculated", "editing_efficiency": "NGS",
}  # fmt: skip
TOTALS = {"ghsc": "product_cd34_total"}
"""Modality -> test that counts the cells of the dose; CAR+ (or NK) cells where none is named."""
CONTAINERS: Mapping[str, tuple[int, ...]] = {"auto_cart": (1, 1, 1, 2), "ghsc": (1, 1, 2, 3), "allo_nk": (12, 16, 24)}
"""Modality -> how many bags a lot is filled into, each as likely; vials of a component are one each. Chosen."""
SHELF_LIFE = timedelta(days=730)
"""Of a frozen product, from its filling; chosen."""
MATERIALS = (("media", "MD", 400), ("cytokine", "CY", 300), ("beads", "BD", 500))


@dataclass(frozen=True)
class Order:
    """What a manufacturer is to make, of what, and what bears on how it goes."""

    product: Product
    coi: str
    inputs: tuple[Bag, ...]
    received: datetime
    accepted: datetime
    started: datetime
    replaces: str = ""
    cd14_pct: float = effects.TYPICAL_CD14
    hold_h: float = 0.0
    transit_h: float = effects.MEDIAN_TRANSIT_H
    fails: bool = False
    is_out: bool = False
    """Out of specification for another reason than viability drawn low."""
    must_pass: bool = False
    in_a_hurry: bool = False
    """The infusion cannot wait for final sterility."""
    culture_days: int = 8


def make(scene: Scene, order: Order) -> Batch:
    """One attempt, to its end."""
    maker = scene.party(order.product.manufacturer)
    number = scene.batch(order.started.year)
    fold = _fold(scene, order, maker)
    materials = _materials(order)
    begun = (number, order.product, maker.sites[0], order.coi, order.replaces, order.inputs, order.received, order.accepted, order.started)
    if order.fails:
        last = scene.draws.random.randrange(4, 8)
        points = _points(scene, order, max(0.6, fold * 0.08), last, harvests=False)
        terminated = later(points[-1].at, 6)
        return Batch(*begun, points, materials, None, terminated, None, (), None, terminated, "terminated", ())
    points = _points(scene, order, fold, order.culture_days, harvests=True)
    harvested = points[-1].at
    filled = later(harvested, 5)
    results, out = _results(scene, order, maker)
    units = _units(scene, order, number, results[total_of(order.product)], filled.date())
    final, interim, disposition, disposed = _certify(scene, order, maker, number=number, filled=filled, results=results, out=out)
    return Batch(*begun, points, materials, harvested, None, filled, units, final, disposed, disposition, out, interim)


def total_of(product: Product) -> str:
    """Test that counts the cells of its dose."""
    return TOTALS.get(product.modality, "dp_car_pos_viable_total")


def _fold(scene: Scene, order: Order, maker: Party) -> float:
    local = habits(scene.seed, maker.partner).log_fold
    if order.product.modality == "ghsc":
        return min(1.4, scene.draws.near(0.9, 0.15))
    if order.product.modality == "allo_nk":
        return min(2900.0, scene.draws.near(300, 0.4))
    shift = effects.MONOCYTES.size * (order.cd14_pct - effects.TYPICAL_CD14) + local
    return scene.draws.number("fold_expansion", "T", shift)


def _points(scene: Scene, order: Order, fold: float, days: int, *, harvests: bool) -> tuple[ProcessPoint, ...]:
    draws, zone = scene.draws, order.started.tzinfo
    is_frozen = any(bag.state == "cryopreserved" for bag in order.inputs)
    seed_e6 = min(SEED_E6, sum(bag.cd3_e6 for bag in order.inputs) * 0.5)
    points: list[ProcessPoint] = []

    def add(operation: str, parameter: str, day: int, value: float, unit: str, *, hour: float) -> None:
        at = later(order.started, day * 24 + hour)
        points.append(ProcessPoint(operation, parameter, day, value, unit, at.astimezone(zone)))

    if is_frozen:
        add("THAW", "THAW_VIAB", 0, round(draws.number("post_thaw_viability_cd3", "cryo leuka"), 1), "%", hour=0.5)
    add("ENRICH", "SEL_PUR", 0, round(min(99.5, draws.near(93, 0.03)), 1), "%", hour=5)
    add("ENRICH", "SEL_REC", 0, round(min(98.0, draws.near(70, 0.12)), 1), "%", hour=5)
    is_grown = order.product.modality != "ghsc"
    if is_grown:
        add("ENRICH", "SEED_CD3", 0, round(seed_e6, 1), "1e6", hour=5)
    if order.product.modality == "ghsc":
        add("TDX", "EDIT_EFF", 1, round(min(98.0, draws.near(82, 0.08)), 1), "%", hour=2)
    elif order.product.is_gene_modified:
        add("TDX", "MOI", 1, round(draws.near(2.5, 0.15), 1), "TU/cell", hour=2)
    for day in sorted({day for day in (2, 4) if day < days} | {days}):
        grown = fold ** (day / days)
        add("EXP", "VCD", day, round(max(0.01, 0.4 * grown ** (1 / 3)), 2), "1e6/mL", hour=1)
        add("EXP", "VIAB", day, round(min(99.0, draws.near(80 if day == 2 and is_frozen else 92, 0.03)), 1), "%", hour=1)
    rounded = round(fold, 2) if fold < 100 else round(fold, 1)
    if is_grown:
        add("EXP", "FOLD", days, rounded, "x", hour=1)
    if harvests:
        if is_grown:
            add("HARV", "PDL", days, round(math.log2(rounded), 2), "1", hour=3)
        if order.product.is_gene_modified and is_grown:
            add("FF", "VCN_TOT", days, round(min(9.0, draws.near(1.1, 0.25)), 2), "c/cell", hour=3)
        add("HARV", "TNC_HARV", days, round(seed_e6 * rounded / 1000, 3), "1e9", hour=3)
        if order.product.modality == "auto_cart":
            for parameter, share in _phenotypes(Draws.seeded(scene.seed, "phenotypes", order.coi, order.started.isoformat())):
                add("HARV", parameter, days, share, "%", hour=3)
    return tuple(points)


def _phenotypes(draws: Draws) -> tuple[tuple[str, float], ...]:
    """Naive, central memory, effector memory and terminally differentiated cells, % of the T cells: together all of them. Chosen, about
    what `measurements.csv` calls typical."""
    naive, central, ended = (round(draws.near(typical, 0.2), 1) for typical in (14, 30, 15))
    return ("TN", naive), ("TCM", central), ("TEM", round(100 - naive - central - ended, 1)), ("TEMRA", ended)


def _materials(order: Order) -> tuple[MaterialLot, ...]:
    """Lots serve every batch of a fortnight."""
    day = order.started.date()
    fortnight = day.toordinal() // 14
    # of edited cells the lot of the editing complex stands where a vector's does
    modifier = ("vector", "RNP", 365) if order.product.modality == "ghsc" else ("vector", "LV", 540)
    kinds = (modifier, *MATERIALS) if order.product.is_gene_modified else MATERIALS
    opened = day - timedelta(days=day.toordinal() % 14)
    formulary = order.product.formulary
    return tuple(
        MaterialLot(kind, f"{code}-{formulary}-{fortnight % 10000:04d}", opened + timedelta(days=life)) for kind, code, life in kinds
    )


def _results(scene: Scene, order: Order, maker: Party) -> tuple[dict[str, float], tuple[str, ...]]:
    """Results of the quantitative tests, and which of them fail."""
    draws, product = scene.draws, order.product
    late = effects.LONG_HOLD.size if order.hold_h > effects.LONG_HOLD_HOURS else 0.0
    far = effects.DISTANCE.size * (order.transit_h - effects.MEDIAN_TRANSIT_H)
    shift = late + far + habits(scene.seed, maker.partner).viability

    def viability() -> float:
        return round(draws.number("dp_viability", "DP", shift), 1)

    results = {"dp_viability": viability()}
    limits = _limits(product)
    if product.modality == "ghsc":
        low = limits["editing_efficiency"]
        results["editing_efficiency"] = _inside(lambda: round(min(98.0, draws.near(82, 0.08)), 1), low)
    elif product.is_gene_modified:
        cohort = COHORTS[product.name].transduction
        results["transduction_eff"] = _inside(lambda: round(draws.number("transduction_eff", cohort), 1), limits["transduction_eff"])
        results["vcn"] = _inside(lambda: round(draws.number("vcn", "LV product"), 2), limits["vcn"])
        results["potency_ifng"] = _inside(lambda: float(round(draws.near(1500, 0.4))), limits["potency_ifng"])
        results["dp_cd3_purity"] = _inside(lambda: round(min(99.9, draws.near(98, 0.01)), 1), limits["dp_cd3_purity"])
    total = total_of(product)
    dose = limits[total]
    results[total] = _inside(lambda: round(draws.near(product.dose_e6, 0.1), 1), dose)
    results["endotoxin"] = 0.25
    if order.must_pass:
        results["dp_viability"] = _inside(viability, limits["dp_viability"])
    elif order.is_out:
        while True:
            reasons = [reason for reason in draws.labels("oos_reason", "cilta") if reason != "viability"]
            failing = list(dict.fromkeys(REASONS[reason] for reason in reasons))
            if failing:
                break
        for test in sorted(failing):
            results[test] = round((limits[test][0] or 0.0) * draws.random.uniform(0.5, 0.95), 1)
    out = tuple(test for test, (low, high) in limits.items() if not _is_within(results[test], low, high))
    return results, out


Limit = tuple[float | None, float | None]


def _limits(product: Product) -> Mapping[str, Limit]:
    limits: dict[str, Limit] = {"dp_viability": (product.viability_limit_pct, None)}
    if product.modality == "ghsc":
        limits["editing_efficiency"] = (60.0, None)
    elif product.is_gene_modified:
        limits["transduction_eff"] = (5.0 if COHORTS[product.name].transduction == "tisa" else 10.0, None)
        limits["vcn"] = (None, 5.0)
        limits["potency_ifng"] = (200.0, 8000.0)
        limits["dp_cd3_purity"] = (90.0, None)
    limits[total_of(product)] = (round(product.dose_e6 * 0.6, 1), round(product.dose_e6 * 1.4, 1))
    return limits


def _is_within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _inside(draw: Callable[[], float], limit: Limit) -> float:
    """Drawn again until it is within: what fails is laid down elsewhere, at the table's rate."""
    while True:
        value = draw()
        if _is_within(value, *limit):
            return value


def _units(scene: Scene, order: Order, number: str, total_e6: float, filled: date) -> tuple[DoseUnit, ...]:
    """One lot per component, whose cells add up to the total; an off-the-shelf lot states the cells of one dose."""
    components = order.product.components
    bags = Draws.seeded(scene.seed, "containers", number).random.choice(CONTAINERS[order.product.modality])
    first = round(total_e6 / len(components), 1)
    return tuple(
        DoseUnit(
            f"{component}-{number}" if component else f"L-{number}",
            component,
            first if place < len(components) - 1 else round(total_e6 - first * (len(components) - 1), 1),
            bags if len(components) == 1 else 1,
            filled + SHELF_LIFE,
        )
        for place, component in enumerate(components)
    )


def _certify(
    scene: Scene, order: Order, maker: Party, *, number: str, filled: datetime, results: dict[str, float], out: tuple[str, ...]
) -> tuple[Certificate, Certificate | None, str, datetime]:
    """Final certificate, an interim one if there is one, disposition and its time."""
    laboratory, pick = scene.laboratory(maker), scene.draws.random
    is_rapid = bool(out) or pick.random() < RAPID_SHARE
    sampled = scene.ledger.give("H10", maker, laboratory, (number,), filled)

    def issued(days: int) -> datetime:
        day = (filled + timedelta(days=days)).astimezone(laboratory.zone).date()
        return max(clock(day, 9 + pick.random() * 8, laboratory.zone), later(sampled, 24, laboratory.zone))

    def certificate(at: datetime, disposition: str, *, is_final: bool) -> Certificate:
        tests = _tests(order.product, results, out, is_rapid=is_rapid, is_final=is_final)
        return Certificate(laboratory.partner, order.product.specification_version, at, disposition, tests)

    verdict = "out_of_specification" if out else "released"
    final_at = issued(QC_DAYS if is_rapid else FINAL_DAYS)
    final = certificate(final_at, verdict, is_final=True)
    interim = None
    answered = final_at
    if not is_rapid:
        interim = certificate(issued(INTERIM_DAYS), "conditional", is_final=False)
        if order.in_a_hurry:
            verdict, answered = "conditional", interim.issued
    disposed = scene.ledger.give("H11", laboratory, maker, (number,), answered, usual_h=2 + pick.random() * 18)
    return final, interim, verdict, disposed


def _tests(product: Product, results: dict[str, float], out: tuple[str, ...], *, is_rapid: bool, is_final: bool) -> tuple[Test, ...]:
    limits = _limits(product)
    tests = [Test(name, METHODS[name], results[name], "", "", *limits[name], name not in out) for name in limits]
    tests.append(Test("endotoxin", METHODS["endotoxin"], results["endotoxin"], "", "<", None, 0.5, True))
    sterility = "no_growth" if is_final else "no_growth_to_date"
    tests.append(Test("sterility_dp", "rapid" if is_rapid else "USP<71>", None, sterility, "", None, None, True if is_final else None))
    tests.append(Test("mycoplasma", METHODS["mycoplasma"], None, "not_detected", "", None, None, True))
    if product.is_gene_modified and product.modality != "ghsc":
        tests.append(Test("rcl_rcr", METHODS["rcl_rcr"], None, "below_quantification_limit", "", None, None, True))
    return tuple(tests)
