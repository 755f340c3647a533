"""What a sandbox holds of others: the collective tables as they were released, and the bands in which quartiles of the network lie.

Everything here is computed from figures that went to everybody, so it tells nothing that they do not. Reads the ledger's figures and
never the counts behind them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import polars as pl

from cgt_etl.egress.collective.engine import Cut
from cgt_etl.egress.collective.plan import Cell, Dimension
from cgt_etl.egress.collective.plan import Table as Listed
from cgt_etl.sandbox.own import Table

QUARTILES = {"lower quartile": 0.25, "median": 0.5, "upper quartile": 0.75}
UNKNOWN = "not stated"
"""The category of a band that says nothing of the value; who is in it is left out of quartiles."""
_BAND = "_band"
_CUT = {"quarter": "of the cut, as 2026Q1"}
_BANDS = {
    **_CUT,
    "collective_table": "the collective table that it comes from",
    "measured": "what is banded",
    "group_by": "the other dimension of the table; empty where there is none",
    "group_category": "the category of the other dimension",
    "quartile": "lower quartile, median or upper quartile, of those whose value is stated",
    "band": "the band that holds it; empty where a figure that it takes is withheld",
}


def tables(cuts: Sequence[Cut]) -> Iterator[Table]:
    """The collective tables of every cut, and the quartile bands of the last one.

    Args:
        cuts: as `Ledger.read` gives them, so that nothing of a changed ledger gets into a sandbox.
    """
    known: dict[str, list[pl.DataFrame]] = {}
    meaning: dict[str, tuple[str, dict[str, str]]] = {}
    for cut in cuts:
        for table in cut.plan.tables:
            known.setdefault(table.name, []).append(_cells(cut, table))
            meaning[table.name] = table.counts, {name: cut.plan.dimension(name).means for name in table.dimensions}
    for name, frames in sorted(known.items()):
        counts, dimensions = meaning[name]
        figure = {"subjects": "rounded to a multiple of 11; empty where nothing is said"}
        yield Table("collective", name, counts, pl.concat(frames, how="diagonal"), {**_CUT, **dimensions, **figure})
    if cuts:
        means = "the band of the network in which each quartile lies, from the last cut"
        yield Table("network", "quartile_band", means, quartile_bands(cuts[-1]), _BANDS)


def quartile_bands(cut: Cut) -> pl.DataFrame:
    """One row per collective table with a band, category of its other dimension, and quartile; `_BANDS` says what the columns are."""
    rows = [row for table in cut.plan.tables for row in _bands(cut, table)]
    return pl.DataFrame(rows, schema=dict.fromkeys(_BANDS, pl.String))


def quartile_band(counts: Mapping[str, int | None], share: float) -> str | None:
    """The band that holds a quantile.

    Args:
        counts: shown figures by band, in the order of the bands; None is withheld.
        share: of the quantile, between 0 and 1.

    Returns:
        None where a figure is withheld: it could move the quantile by any number of bands.
    """
    shown = [count for count in counts.values() if count is not None]
    if len(shown) < len(counts) or not sum(shown):
        return None
    return next(band for band, below in zip(counts, accumulate(shown), strict=True) if below >= share * sum(shown))


def _cells(cut: Cut, table: Listed) -> pl.DataFrame:
    rows = [(str(cut.quarter), *cell.categories, cut.cells[cell].value) for cell in cut.plan.cells(table)]
    schema = {"quarter": pl.String, **dict.fromkeys(table.dimensions, pl.String), "subjects": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _bands(cut: Cut, table: Listed) -> Iterator[dict[str, Any]]:
    dimensions = [cut.plan.dimension(name) for name in table.dimensions]
    for banded in (one for one in dimensions if one.name.endswith(_BAND)):
        others = [one for one in dimensions if one is not banded]
        group_by = others[0].name if others else None
        for category in others[0].categories if others else (None,):
            counts = {band: cut.cells[_cell(table, banded, band, category)].value for band in _ordered(banded)}
            for name, share in QUARTILES.items():
                yield {
                    "quarter": str(cut.quarter),
                    "collective_table": table.name,
                    "measured": banded.means,
                    "group_by": group_by,
                    "group_category": category,
                    "quartile": name,
                    "band": quartile_band(counts, share),
                }


def _ordered(banded: Dimension) -> list[str]:
    """The bands from the least on, as the list has them. Who never came to have a value (`not infused`) lies beyond the last band."""
    return [category for category in banded.categories if category != UNKNOWN]


def _cell(table: Listed, banded: Dimension, band: str, category: str | None) -> Cell:
    return Cell(table.name, tuple(band if name == banded.name else str(category) for name in table.dimensions))
