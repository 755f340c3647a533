"""The product graph of a journey as it really was, and the words in which records name its ends. No layout, no drawing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from cgt_etl.simulator.facts import Thing
from cgt_etl.simulator.model import Administration, Bag, Journey

Row = dict[str, str | float | None]
CODE = 5
"""Characters of a product description code, with which a product code begins."""
KEPT_DAYS = {"fresh": 3, "cryopreserved": 1826}
"""State of a bag -> days from its making to the last of its use."""


def cells(bag: Bag) -> Thing:
    """The bag, named in full."""
    return ("cells", bag.din, bag.product_code[:CODE], bag.division)


def expiry(bag: Bag) -> date:
    """Last day of use on its label; how long cells keep is chosen."""
    return bag.created.date() + timedelta(days=KEPT_DAYS[bag.state])


def donation(din: str, division: str = "") -> Thing:
    """Cells of a donation, or of one division of it, whatever their product code."""
    return ("cells", din, "", division)


def infusion(journey: Journey, given: Administration) -> Thing:
    return ("administration", f"{journey.number}.{given.number}")


def edges(journey: Journey) -> Iterator[Row]:
    """Every step from one thing to the next, with what went along it; cells are 10*6 CD3+, of drug product those that count."""
    for bag in journey.bags:
        if not bag.made_from:
            yield _edge("create", ("collection", bag.din), ("product", bag.key), bag.volume_ml, bag.cd3_e6)
        for parent in bag.made_from:
            yield _edge(bag.edge, ("product", parent), ("product", bag.key), bag.volume_ml, bag.cd3_e6)
    for batch in journey.batches:
        for bag in batch.inputs:
            yield _edge("consume", ("product", bag.key), ("batch", batch.number), bag.volume_ml, bag.cd3_e6)
        if batch.replaces:
            yield _edge("remake", ("batch", batch.replaces), ("batch", batch.number), None, None)
        for unit in batch.dose_units:
            yield _edge("fill", ("batch", batch.number), ("dose_unit", unit.lot), None, unit.car_pos_e6, analyte="dose")
    for given in journey.administrations:
        kind, number = "product" if given.arm == "graft" else "dose_unit", infusion(journey, given)[1]
        for lot in given.lots:
            yield _edge("administer", (kind, lot), ("administration", number), None, None)


def _edge(type_: str, parent: Thing, child: Thing, volume_ml: float | None, count: float | None, *, analyte: str = "cd3") -> Row:
    (parent_kind, parent_name), (child_kind, child_name) = parent, child
    return {
        "edge": type_,
        "parent_kind": parent_kind,
        "parent": parent_name,
        "child_kind": child_kind,
        "child": child_name,
        "volume_ml": volume_ml,
        "cell_count_10_6": count,
        "analyte": analyte if count is not None else None,
        "method": None,
    }
