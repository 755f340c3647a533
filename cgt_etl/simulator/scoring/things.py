"""What a release says of orders, dose units and specifications, against what they really are: the day of an order, containers and expiry
of a lot, thaw window and storage of a product.

Asked of what a standing record states: a cell that a defect took away states nothing, and of one with another value nothing is judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.links import Links
from cgt_etl.simulator.scoring.release import At
from cgt_etl.simulator.scoring.truth import Row, TruthFiles

PART = "things"


@dataclass(frozen=True)
class _Asked:
    """A released column of things that `row_source` traces, and what the truth says of it."""

    name: str
    table: str
    key: str
    column: str
    feed: str
    """Whose records state it, in the contract's column `cell`."""
    cell: str
    really: Callable[[TruthFiles, Row], object]
    """What it is for the thing that a record is about."""


ASKED = (
    _Asked(
        "day of the order", "therapy_order", "therapy_order_id", "issued_date", "order", "ordered",
        lambda truth, record: truth.ordered_on[_named(record, "order_id")],
    ),
    _Asked(
        "containers", "dose_unit", "dose_unit_id", "container_count", "certificate", "containers",
        lambda truth, record: truth.filled[_named(record, "batch")][0],
    ),
    _Asked(
        "expiry", "dose_unit", "dose_unit_id", "expiry_date", "certificate", "expiry",
        lambda truth, record: truth.filled[_named(record, "batch")][1],
    ),
)  # fmt: skip
HANDLING = ("thaw_window_min", "storage_lower_c", "storage_upper_c")
"""Columns of `specification`, and of the truth of a product."""


def figures(links: Links, found_target: float, target: float | None) -> Iterator[Figure]:
    """Found is asked for by `found_target`; that nothing else is said, by `target`."""
    for asked in ASKED:
        found, nothing_else = _compared(links, asked)
        yield counted(PART, f"{asked.name}, found", *found, found_target)
        yield counted(PART, f"{asked.name}, nothing else", *nothing_else, target)
    yield from _handling(links, target)


def _compared(links: Links, asked: _Asked) -> tuple[tuple[int, list[str]], tuple[int, list[str]]]:
    """Rows that come from a record with the value have it; and no row has another. Each with how many were asked, and the misses."""
    stated: dict[At, object] = {}
    unsure: set[At] = set()
    for record in links.truth.standing:
        if links.truth.files[record["file"]]["feed"] == asked.feed:
            at = links.delivery_of.get(record["file"], ""), record["position"]
            if (record["file"], record["position"], asked.cell) in links.truth.spoiled:
                unsure.add(at)
            else:
                stated[at] = asked.really(links.truth, record)
    rows = {key: _plain(value) for key, value in links.released.table(asked.table, asked.key, asked.column)}
    told: dict[str, set[object]] = defaultdict(set)
    read: set[At] = set()
    doubtful = set()
    for key, places in links.released.sources[asked.table].items():
        if key not in rows:
            continue
        read |= places
        if places & unsure:
            doubtful.add(key)
        elif mine := places & stated.keys():
            told[key] |= {stated[at] for at in mine}
    lost = [f"record of {at[0]}, position {at[1]}" for at in stated.keys() - read]
    missed = [f"{asked.table} {key}" for key in told if rows[key] is None]
    said = {key for key, value in rows.items() if value is not None} - doubtful
    wrong = [f"{asked.table} {key}" for key in said if rows[key] not in told.get(key, ())]
    return (len(told) + len(lost), [*missed, *lost]), (len(said), wrong)


def _handling(links: Links, target: float | None) -> Iterator[Figure]:
    """Of every specification of a product; found where an order for its market stands, which is told only."""
    really = links.truth.products
    rows = [
        (f"{product} {version}, {attribute}", (product, version), dict(zip(HANDLING, values, strict=True)))
        for product, version, attribute, *values in links.released.table(
            "specification", "product_name_code", "version", "attribute", *HANDLING
        )
        if (product, version) in really
    ]
    for name in HANDLING:
        missed = [row for row, _, said in rows if said[name] is None]
        wrong = [row for row, of, said in rows if said[name] not in (None, really[of][name])]
        yield counted(PART, f"{name}, found", len(rows), missed, None)
        yield counted(PART, f"{name}, nothing else", len(rows) - len(missed), wrong, target)


def _named(record: Row, kind: str) -> str:
    return next((value for of, _, value in record["objects"] if of == kind), "")


def _plain(value: Any) -> object:
    """As the truth writes it."""
    return value.isoformat() if hasattr(value, "isoformat") else value
