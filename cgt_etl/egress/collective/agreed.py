"""Whose rows the collective tables count: of legal entities that let everybody have the aggregates of the columns behind them.

Asks for the whole population at once, so that who is counted is the same in all its tables. Sees rows only to leave them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import polars as pl

from cgt_etl.egress.collective.plan import Plan
from cgt_etl.egress.collective.rows import POPULATIONS, Rows
from cgt_etl.egress.peer_places import LEAST_CONTRIBUTORS
from cgt_etl.egress.rights.everybody import Decide, Refusal, partners, permitted
from cgt_etl.release.read import Release


class Agreed(NamedTuple):
    """What is left to count, and by population why legal entities are left out: for the hub alone."""

    rows: Rows
    refused: Mapping[str, tuple[Refusal, ...]]


def agreed(of: Rows, plan: Plan, release: Release, decide: Decide, begin: date) -> Agreed:
    """The rows of legal entities that permit it on the first day of the quarter.

    Of a population that fewer than `LEAST_CONTRIBUTORS` permit nothing is counted: that too is decided by what is declared.

    Args:
        of: the rows of the release.
        plan: the list.
        release: the release, whose partners all get the tables.
        decide: rights; see `rights.everybody.Decide`.
        begin: first day of the quarter.

    Raises:
        CgtError: a partner or a column of the release is unknown to the agreements.
        DeclarationError: a dimension of the list does not say what it reads.
    """
    everybody = [partner for one in partners(release).values() for partner in one]
    kept, too_few, refused = [], set(of.too_few), {}
    for population in plan.populations:
        contributors = partners(release, POPULATIONS[population])
        found = permitted(decide, contributors, everybody, plan.reads(population), (plan.purpose, begin))
        refused[population] = found.refused
        if len(found.legal_entities) < LEAST_CONTRIBUTORS:
            too_few.add(population)
            continue
        is_theirs = pl.col("contributor").is_in(found.legal_entities)
        kept.append(of.counted.filter((pl.col("population") == population) & is_theirs))
    return Agreed(replace(of, counted=pl.concat([of.counted.clear(), *kept]), too_few=frozenset(too_few)), refused)
