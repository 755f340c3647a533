"""Whose data may be shared for a purpose (R55), and who took their consent back (R56). Looks at the table `consent` alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from cgt_etl.egress.policy import Purpose


@dataclass(frozen=True)
class Consents:
    """Subjects by what their consents say of one purpose. `withdrawn` and `uncovered` are left out."""

    covered: frozenset[str]
    withdrawn: frozenset[str]
    uncovered: frozenset[str]


def sort_out(subjects: Iterable[str], consent: pl.DataFrame, purpose: Purpose, accepted: Iterable[str] = ()) -> Consents:
    """Every one of `subjects` by the rows of `consent` (as released) under the purpose's scopes.

    A withdrawal counts whenever it was and whatever purpose it names; only a covering consent given on a later day stands against it.
    A record with a restriction that is not in `accepted` covers nothing.
    """
    said = consent.filter(pl.col("scope_code").is_in(list(purpose.scopes)))
    bound = pl.col("purpose_code").is_in([term for term in purpose.restrictions if term not in set(accepted)])
    said = said.with_columns(bound.any().over("subject_id", "source_delivery", "source_row").alias("is_bound"))
    named = pl.col("purpose_code").is_in(list(purpose.terms)) | (pl.col("purpose_code").is_null() & pl.lit(purpose.unnamed))
    stands = named & ~pl.col("is_bound").fill_null(value=False) & pl.col("withdrawn_at_utc").is_null()
    by_person = said.group_by("subject_id").agg(
        stands.any().alias("has_one"),
        pl.col("given_date").filter(stands).max().alias("given"),
        pl.col("withdrawn_at_utc").max().dt.date().alias("withdrawn"),
    )
    of = {row["subject_id"]: row for row in by_person.iter_rows(named=True)}
    covered, withdrawn, uncovered = set(), set(), set()
    for subject in subjects:
        row = of.get(subject)
        if row and row["withdrawn"] is not None and not (row["given"] and row["given"] > row["withdrawn"]):
            withdrawn.add(subject)
        elif row and row["has_one"]:
            covered.add(subject)
        else:
            uncovered.add(subject)
    return Consents(frozenset(covered), frozenset(withdrawn), frozenset(uncovered))
