"""Counts of a cell-processing laboratory's automated counter: one row for each day of culture on which a batch was counted.

It counts for the manufacturer of its city; the sample's name begins with the batch number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from cgt_etl.simulator.calendar import later, told_once
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.facts import Csv, DefectClass, Fact, Layout, Record
from cgt_etl.simulator.model import Batch, Journey, ProcessPoint
from cgt_etl.simulator.parties import Network, Party

DIALECT = "vi_cell_blu"
SAMPLE, VIABLE, VIABILITY, AT = "Sample ID", "Viable (x10^6) cells/mL", "Viability (%)", "Analysis date/time"
SETTINGS = {
    "Average diameter (μm)": "18.51", "Average viable diameter (μm)": "18.72", "Average circularity": "0.88",
    "Average viable circularity": "0.88", "Average cells per image": "21", "Average background intensity": "134", "Bubble count": "0",
    "Cluster count": "0", "Images for analysis": "100", "Cell type": "Mammalian", "Minimum Diameter (μm)": "6",
    "Maximum Diameter (μm)": "30", "Images": "100", "Cell sharpness": "7", "Minimum circularity": "0.1", "Decluster degree": "Medium",
    "Aspiration cycles": "3", "Viable spot brightness (%)": "50", "Viable spot area (%)": "5", "Mixing cycles": "3",
}  # fmt: skip
COLUMNS = (
    SAMPLE, "Cell count", "Viable cells", "Total (x10^6) cells/mL", VIABLE, VIABILITY, *SETTINGS, AT, "Reanalysis date/time",
    "Analysis by", "Reanalysis by", "Dilution", "Wash", "Tag",
)  # fmt: skip
FEEDS: Mapping[str, Layout] = {"cell_count": Csv("counts.csv", COLUMNS)}
COUNTED_LATER_H = 0.75


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The counts of the journey's batches."""
    for laboratory, batch in counted(journey, network):
        yield from _of(journey, laboratory, batch, draws)


def counted(journey: Journey, network: Network) -> Iterator[tuple[Party, Batch]]:
    """The batches that are counted, each with the laboratory that does."""
    for laboratory in network.processing_laboratories:
        for batch in journey.batches:
            if network.party(batch.product.manufacturer).zone == laboratory.zone:
                yield laboratory, batch


def culture(batch: Batch) -> Iterator[tuple[int, dict[str, ProcessPoint]]]:
    """Days of culture with a density (VCD), and a viability (VIAB) where one was read."""
    days: dict[int, dict[str, ProcessPoint]] = defaultdict(dict)
    for point in batch.points:
        if point.parameter in ("VCD", "VIAB"):
            days[point.culture_day][point.parameter] = point
    for day, points in sorted(days.items()):
        if "VCD" in points:
            yield day, points


def _of(journey: Journey, laboratory: Party, batch: Batch, draws: Draws) -> Iterator[Fact]:
    for day, points in culture(batch):
        at = told_once(later(points["VCD"].at, COUNTED_LATER_H, laboratory.zone).replace(second=0, microsecond=0))
        record = _row(batch, day, points, at, draws)
        yield Fact(
            partner=laboratory.partner,
            feed="cell_count",
            known=at.date(),
            record=record,
            key=(record[SAMPLE], record[AT]),
            journey=journey.number,
            objects=(("batch", batch.product.numbered_by, batch.number),),
        )


def _row(batch: Batch, day: int, points: Mapping[str, ProcessPoint], at: datetime, draws: Draws) -> dict[str, str]:
    viability = points["VIAB"].value if "VIAB" in points else 95.0
    viable, counted = points["VCD"].value, draws.random.randint(1800, 2600)
    # counting may fail where the densities stand
    failed = draws.chance(0.05)
    return {
        **SETTINGS,
        SAMPLE: f"{batch.number}{draws.random.choice(' _')}D{day}",
        "Cell count": "ERROR" if failed else str(counted),
        "Viable cells": "ERROR" if failed else str(round(counted * viability / 100)),
        "Total (x10^6) cells/mL": f"{viable / viability * 100:.2f}",
        VIABLE: f"{viable:.2f}",
        VIABILITY: f"{viability:.1f}",
        AT: f"{at:%m/%d/%Y %H:%M}",
        "Reanalysis date/time": "",
        "Analysis by": "A. Fictional",
        "Reanalysis by": "",
        "Dilution": "1",
        "Wash": "Normal Wash",
        "Tag": "",
    }


def _cell(column: str, text: Callable[[str], str]) -> Callable[[Record, Draws], Record | None]:
    return lambda record, _draws: {**record, column: text(record[column])}


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "cell_count": (
        DefectClass("no_sample", "D03", "row", None, 0.03, 0.08, _cell(SAMPLE, lambda _: "")),
        DefectClass("foreign_date", "D02", "row", None, 0.03, 0.08, _cell(AT, lambda text: text.replace("/", "."))),
        DefectClass("decimal_comma", "D02", "cell", "viable_density_e6_ml", 0.05, 0.1, _cell(VIABLE, lambda text: text.replace(".", ","))),
        DefectClass("more_than_all", "D07", "flag", "viability_pct", 0.05, 0.1, _cell(VIABILITY, lambda text: f"{float(text) + 100:.1f}")),
    ),
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {}
