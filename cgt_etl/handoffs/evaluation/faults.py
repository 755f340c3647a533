"""Faults of handoffs: how many of each kind the two-sided verdicts show, and how many that they show are none.

Judges with the models that build the released tables, as dbt compiles them, over the records of a world. Holds no rule of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol

from cgt_etl.handoffs.evaluation.figures import Figure, Map, at_least, pooled

if TYPE_CHECKING:
    import duckdb
    import polars as pl

MODELS = ("shipment", "handoff")
"""Models whose SQL is run, in this order."""
BUILD = "work"
"""As compiled SQL calls the build file."""
ENOUGH = 400
"""Faults of each kind, pooled, over which the targets are asked."""
RECALL, PRECISION = 0.98, 0.95
SHOWN = {
    "identity_swap": "identity_verdict = 'discrepant'",
    "count_mismatch": "count_verdict = 'discrepant'",
    "clock_skew": "time_order_verdict in ('discrepant', 'impossible')",
    "late": "transit_verdict = 'discrepant'",
    "temperature": "temperature_verdict = 'discrepant'",
    "seal_broken": "seal_verdict = 'discrepant'",
    "papers_missing": "papers_verdict = 'discrepant'",
    "lost": "status_code = 'lost' or (status_code = 'open' and open_h > open_limit_h)",
}
"""Fault -> the condition on the released table that shows it."""
ALSO = {("identity_swap", "count_mismatch")}
"""What is shown, and the fault that shows so too: a donation that no packing names is one more, and another."""
_PLACED = """
select
    case
        when handoff.shipment_id is null then case when handoff.batch_id is null then 'collection' else 'batch' end
        when handoff.handoff_code in ('H07', 'H13') then 'to_carrier'
        else 'by_carrier'
    end as kind,
    coalesce(shipment.sscc_id, handoff.batch_id, handoff.collection_id) as thing,
    {}
from work.marts.handoff as handoff
left join work.marts.shipment as shipment on handoff.shipment_id = shipment.shipment_id
"""


class Faulty(Protocol):
    """A world of records with faults: its tables by `schema.name`, and the fault of each handoff that has one."""

    @property
    def tables(self) -> Mapping[str, pl.DataFrame]:
        """What was recorded."""

    @property
    def injected(self) -> Mapping[tuple[str, str], str]:
        """What is true and on record."""


def faults(world: Callable[[int], Faulty], seeds: Iterable[int], each: Map = map, *, models: Mapping[str, str]) -> list[Figure]:
    """Recall and precision of every kind of fault, and how many of the rarest there were.

    Args:
        world: called with a seed.
        seeds: of the worlds.
        each: how to go through them.
        models: name -> compiled SQL of `MODELS`.
    """
    count = pooled(partial(_count, world, models), list(seeds), each)
    figures = []
    for fault in SHOWN:
        injected, found, shown, right = (count[f"{fault} {what}"] for what in ("injected", "found", "shown", "right"))
        recall, part = 1.0 if fault == "identity_swap" else RECALL, f"fault {fault}"
        figures += [
            at_least(part, "recall", recall, found / max(1, injected), f"{found} of {injected}"),
            at_least(part, "precision", PRECISION, right / max(1, shown), f"{right} of {shown}"),
        ]
    return [*figures, at_least("faults", "of the rarest kind, pooled", ENOUGH, min(count[f"{fault} injected"] for fault in SHOWN))]


def _count(world: Callable[[int], Faulty], models: Mapping[str, str], seed: int) -> Counter[str]:
    import duckdb

    drawn, count = world(seed), Counter[str]()
    with duckdb.connect() as connection:
        judged = _judged(connection, drawn.tables, models)
    count.update(f"{fault} injected" for fault in drawn.injected.values())
    for kind, thing, *flags in judged:
        fault = drawn.injected.get((kind, thing), "")
        for name, is_shown in zip(SHOWN, flags, strict=True):
            if is_shown:
                is_right = fault == name or (name, fault) in ALSO
                count.update({f"{name} shown": 1, f"{name} right": int(is_right), f"{name} found": int(fault == name)})
    return count


def _judged(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pl.DataFrame], models: Mapping[str, str]
) -> list[tuple[str, str, *tuple[bool, ...]]]:
    """What changed hands, and whether each of `SHOWN` is shown."""
    connection.execute(f"attach ':memory:' as {BUILD}")
    for schema in sorted({name.split(".")[0] for name in tables} | {"marts"}):
        connection.execute(f"create schema {BUILD}.{schema}")
    for name, frame in tables.items():
        connection.register("given", frame)
        connection.execute(f"create table {BUILD}.{name} as from given")
    for name in MODELS:
        connection.execute(f"create table {BUILD}.marts.{name} as {models[name]}")
    flags = ", ".join(f"coalesce({shown}, false)" for shown in SHOWN.values())
    return connection.execute(_PLACED.format(flags)).fetchall()
