"""Released tables made straight from simulated journeys, without files or a pipeline: for checks over thousands of small worlds.

Names and types of the columns are the released tables' (`table_shapes`); keys are readable names instead of hashes and tokens, nothing
is missing, late or wrong, and columns that only deliveries can fill (`source_delivery`, ...) are null. Every infused patient is followed
for a year, even past the end of the simulated span.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

import pyarrow as pa

from cgt_etl.simulator.model import Journey
from cgt_etl.simulator.table_row import Row, subject_key
from cgt_etl.simulator.table_rows import Rows
from cgt_etl.simulator.table_shapes import SCHEMAS
from cgt_etl.simulator.world.journeys import journeys, network


def tables(journeys_count: int, seed: int, world: Literal["network", "wide"] = "wide") -> dict[str, pa.Table]:
    """A whole small world as tables: subject, therapy_order, journey, event, collection, product, product_edge, batch, dose_unit,
    administration, shipment, measurement, outcome.

    Args:
        journeys_count: Number of journeys.
        seed: The same seed gives the same tables.
        world: Whose parties take part.
    """
    rows: dict[str, list[Row]] = defaultdict(list)
    subjects: dict[int, Row] = {}
    for journey in journeys(network(world, seed), journeys_count, seed):
        _subjects(journey, subjects)
        for table, row in Rows(journey).all():
            rows[table].append(row)
    rows["subject"] = [subjects[number] for number in sorted(subjects)]
    return {name: _table(schema, rows[name]) for name, schema in SCHEMAS.items()}


def _table(schema: pa.Schema, rows: list[Row]) -> pa.Table:
    filled = {name for row in rows for name in row}
    unknown = filled - set(schema.names)
    if unknown:
        raise KeyError(f"no released column {', '.join(sorted(unknown))}: see table_shapes.py")
    arrays = [
        pa.array([row.get(field.name) for row in rows], field.type) if field.name in filled else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _subjects(journey: Journey, subjects: dict[int, Row]) -> None:
    gave = {run.donor.number for run in journey.collections}
    for person in (journey.patient, *(run.donor for run in journey.collections)):
        role = "patient" if person.number == journey.patient.number else "donor"
        subjects[person.number] = {
            "subject_id": subject_key(person),
            "role_code": "both" if role == "patient" and person.number in gave else role,
            "birth_year": person.born.year,
            "sex_code": person.sex,
            "is_contested": False,
        }
