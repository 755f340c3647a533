"""Counts of a cell-processing laboratory's image cytometer: the last day of culture of each batch that `vi_cell_blu` counts too.

The export states no time and no plate: a row is known by all that it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports.vi_cell_blu import counted, culture
from cgt_etl.simulator.facts import Csv, DefectClass, Fact, Layout, Record
from cgt_etl.simulator.model import Journey
from cgt_etl.simulator.parties import Network

DIALECT = "revvity_matrix"
WELL, LIVE, VIABILITY = "Well Name", "Live Cells/mL", "Viability"
COLUMNS = (
    WELL, "Live Count", LIVE, "Live Mean Size", VIABILITY, "Dead Count", "Dead Cells/mL", "Dead Mean Size", "Total Count",
    "Total Cells/mL", "Total Mean Size", "Note:", "Errors:",
)  # fmt: skip
FEEDS: Mapping[str, Layout] = {"matrix_count": Csv("plate.csv", COLUMNS)}


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """A well for the last day of culture of each of the journey's counted batches."""
    for laboratory, batch in counted(journey, network):
        days = list(culture(batch))
        if not days:
            continue
        day, points = days[-1]
        viability = points["VIAB"].value if "VIAB" in points else 95.0
        record = _row(f"{batch.number} D{day}", points["VCD"].value * 1e6, viability, draws)
        yield Fact(
            partner=laboratory.partner,
            feed="matrix_count",
            known=points["VCD"].at.date(),
            record=record,
            key=tuple(record.values()),
            journey=journey.number,
            objects=(("batch", batch.product.numbered_by, batch.number),),
        )


def _row(well: str, live_per_ml: float, viability_pct: float, draws: Draws) -> dict[str, str]:
    live = draws.random.randint(900, 1500)
    total, total_per_ml = round(live / viability_pct * 100), live_per_ml / viability_pct * 100
    size = draws.random.uniform(9, 11)
    return {
        WELL: well,
        "Live Count": str(live),
        LIVE: f"{live_per_ml:.2E}",
        "Live Mean Size": f"{size:.2f}",
        VIABILITY: f"{viability_pct:.2f}%",
        "Dead Count": str(total - live),
        "Dead Cells/mL": f"{total_per_ml - live_per_ml:.2E}",
        "Dead Mean Size": f"{size / 2:.2f}",
        "Total Count": str(total),
        "Total Cells/mL": f"{total_per_ml:.2E}",
        "Total Mean Size": f"{size * 0.95:.2f}",
        "Note:": "",
        "Errors:": "",
    }


def _cell(column: str, text: Callable[[str], str]) -> Callable[[Record, Draws], Record | None]:
    return lambda record, _draws: {**record, column: text(record[column])}


def _fraction(cell: str) -> str:
    return f"{float(cell.removesuffix('%')) / 100:.2f}"


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "matrix_count": (
        DefectClass("fraction_for_a_percentage", "D02", "cell", "viability_pct", 0.06, 0.12, _cell(VIABILITY, _fraction)),
        DefectClass("words_for_a_number", "D02", "cell", "live_density_ml", 0.06, 0.12, _cell(LIVE, lambda _: "many")),
    ),
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {}
