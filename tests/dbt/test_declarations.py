"""What the released tables say of themselves: contract, grain, key, every column's meaning, unit and privacy, and the grammar of names."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ucumvert import PintUcumRegistry

from cgt_etl.release import marts
from tests.dbt.conftest import Built

pytestmark = pytest.mark.slow

TABLES = {
    "party", "site", "subject", "subject_identifier", "consent", "therapy_order", "journey", "timeline", "event", "journey_event",
    "collection", "product", "product_edge", "batch", "process_series", "material_lot", "specification", "dose_unit", "administration",
    "measurement", "shipment", "logger_reading", "handoff", "outcome", "wearable_daily", "wearable_minute", "journey_features", "finding",
    "row_source", "delivery", "clock_skew", "transition",
}  # fmt: skip
UNIT_SUFFIXES = {
    "ml": "mL", "min": "min", "h": "h", "days": "d", "hour": "h", "c": "Cel", "kg": "kg", "percent": "%", "10_9": "10*9", "10_6": "10*6",
    "per_ul": "{cells}/uL", "per_l": "10*9/L", "per_dl": "g/dL", "years": "a", "per_kg_10_6": "10*6/kg", "count": "{count}", "day": "d",
    "s": "s", "fold": "1", "doublings": "1", "cm": "cm", "u_per_l": "U/L", "mg_per_l": "mg/L", "ng_per_ml": "ng/mL", "mg_per_dl": "mg/dL",
    "per_day": "/d", "ratio": "1", "tu_per_cell": "{TU}/{cell}", "copies_per_cell": "{copies}/{cell}",
}  # fmt: skip
"""End of a column's name -> its UCUM unit."""
MANY_UNITS = {"value", "lower_limit", "upper_limit"}
"""Columns whose unit stands in the column `unit` of their row."""
MODEL_NAME = re.compile(
    r"^(stg_[a-z0-9_]+?__[a-z0-9_]+(__[a-z0-9_]+)?|int_[a-z0-9_]+__[a-z0-9_]+|find_([rd]\d\d|identity|door)_[a-z0-9_]+|[a-z][a-z0-9_]*)$"
)


def _columns(built: Built) -> list[tuple[str, str, dict[str, Any]]]:
    return [(table, name, column) for table, node in built.marts.items() for name, column in node["columns"].items()]


def _wrong(found: list[str]) -> str:
    return "\n".join(sorted(found))


def test_the_released_tables_are_those_of_the_architecture(built: Built) -> None:
    assert set(built.marts) == TABLES


def test_every_table_has_an_enforced_contract_a_grain_and_a_key(built: Built) -> None:
    wrong = []
    for name, node in built.marts.items():
        meta, columns = node["config"]["meta"], set(node["columns"])
        if not node["config"]["contract"]["enforced"]:
            wrong.append(f"{name}: contract not enforced")
        if not node["description"].startswith("One row is "):
            wrong.append(f"{name}: the description does not begin with its grain")
        if not meta.get("primary_key") or not {*meta["primary_key"], *meta["sort_key"]} <= columns:
            wrong.append(f"{name}: keys that are not columns")
        if meta.get("schema_version") is None or meta.get("traced_by") not in {"record", "row_source", "partner_file", "delivery"}:
            wrong.append(f"{name}: no schema version, or not said how it is traced")
        if meta["traced_by"] == "record" and name not in {"finding", "row_source"} and not {"source_delivery", "source_row"} <= columns:
            wrong.append(f"{name}: traced by its record, which it does not name")
        if node["config"]["materialized"] == "incremental" and "component_id" not in columns:
            wrong.append(f"{name}: incremental without component_id")
    assert not wrong, _wrong(wrong)


def test_every_table_that_is_filled_has_its_grain_tested(built: Built) -> None:
    tests = [node for node in built.manifest["nodes"].values() if node["resource_type"] == "test"]
    tested = {
        node["attached_node"].split(".")[-1]: node["test_metadata"]["kwargs"]["columns"]
        for node in tests
        if node["test_metadata"]["name"] == "grain"
    }
    filled = {name: node for name, node in built.marts.items() if node["config"]["materialized"] == "incremental"}
    assert {name: node["config"]["meta"]["primary_key"] for name, node in filled.items()} == {name: tested.get(name) for name in filled}
    assert len(tests) < 60, "few, wide tests: each costs a query in every night"


def test_the_release_describes_the_tables_that_are_built(built: Built) -> None:
    """`marts.load` refuses a column that is not described."""
    described = {mart.name: [column.name for column in mart.columns] for mart in marts.load()}
    assert {name: [column for column in node["columns"] if column not in marts.INTERNAL] for name, node in built.marts.items()} == described


def test_names_of_models_follow_the_grammar(built: Built) -> None:
    assert not [name for name in built.models if not MODEL_NAME.match(name)]
    prefixed = [name for name in built.marts if name.startswith(("stg_", "int_", "find_"))]
    assert not prefixed


def test_names_of_columns_follow_the_grammar(built: Built) -> None:
    wrong = []
    for table, name, column in _columns(built):
        kind, at = column["data_type"], f"{table}.{name}"
        if (kind == "timestamp") != name.endswith("_at_utc"):
            wrong.append(f"{at}: instants, and only they, end in _at_utc")
        if (kind == "date") != name.endswith("_date"):
            wrong.append(f"{at}: dates, and only they, end in _date")
        if (kind == "boolean") != name.startswith(("is_", "has_")):
            wrong.append(f"{at}: truths, and only they, begin with is_ or has_")
        if name.endswith(("_id", "_code", "_local")) and kind != "string":
            wrong.append(f"{at}: text by its name")
        if name.endswith(("_name", "_key")) and kind != "string":
            wrong.append(f"{at}: text by its name")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or len(name) > 40:
            wrong.append(f"{at}: spelling")
    assert not wrong, _wrong(wrong)


def test_a_number_has_its_unit_in_its_name_or_beside_it(built: Built) -> None:
    wrong = []
    for table, name, column in _columns(built):
        unit, beside = column["config"]["meta"]["unit"], built.marts[table]["columns"]
        if name in MANY_UNITS:
            if unit is not None or "unit" not in beside:
                wrong.append(f"{table}.{name}: its unit stands in the column `unit`")
            continue
        if column["data_type"] != "double":
            continue
        suffix = max((end for end in UNIT_SUFFIXES if name.endswith(f"_{end}")), key=len, default=None)
        if suffix is None or UNIT_SUFFIXES[suffix] != unit:
            wrong.append(f"{table}.{name}: name and unit {unit} differ")
    assert not wrong, _wrong(wrong)


def test_units_are_ucum(built: Built) -> None:
    ucum = PintUcumRegistry()
    for unit in {column["config"]["meta"]["unit"] for _, _, column in _columns(built)} - {None}:
        counted = re.sub(r"(?<![^/.])\{[^}]*\}", "1", unit)  # an annotation alone is the unit one
        bare = re.sub(r"\{[^}]*\}", "", counted).replace("10*6/kg", "/kg").strip("*") or "1"
        if bare.startswith("/"):
            bare = f"1{bare}"
        ucum.from_ucum(bare)


def test_the_same_name_means_the_same_unit_and_type(built: Built) -> None:
    said: dict[str, set[tuple[str, str | None]]] = {}
    for _, name, column in _columns(built):
        said.setdefault(name, set()).add((column["data_type"], column["config"]["meta"]["unit"]))
    assert not {name: kinds for name, kinds in said.items() if len(kinds) > 1}


def test_every_rule_that_makes_findings_is_in_the_catalogue(built: Built) -> None:
    catalogue = (built.registry and (_vocabularies() / "rules.csv")).read_text(encoding="utf-8")
    known = {line.split(",", 1)[0] for line in catalogue.splitlines()[1:]}
    made = {name.split("_")[1].upper() for name in built.models if re.match(r"find_[rd]\d\d_", name)}
    assert made <= known


def test_every_finding_has_a_unit_test_that_turns_it_on_and_one_that_does_not(built: Built) -> None:
    tests: dict[str, list[bool]] = {}
    for test in built.manifest["unit_tests"].values():
        tests.setdefault(test["model"], []).append(bool(test["expect"]["rows"]))
    finds = [name for name in built.models if name.startswith("find_")]
    assert finds
    assert not [name for name in finds if set(tests.get(name, [])) != {True, False}]


def test_every_table_that_computes_has_a_unit_test(built: Built) -> None:
    tested = {test["model"] for test in built.manifest["unit_tests"].values()}
    computed = {name for name, node in built.marts.items() if node["config"]["materialized"] == "incremental"}
    assert computed - tested == {"finding", "row_source"}, "unions of what others compute"


def test_data_tests_are_of_tables(built: Built) -> None:
    """A night builds no ephemeral model by itself, and an increment no view: a test of one would be passed over in silence."""
    tests = [node for node in built.manifest["nodes"].values() if node["resource_type"] == "test"]
    assert tests
    kinds = {node["unique_id"]: node["config"]["materialized"] for node in built.models.values()}
    assert {kinds[model] for test in tests for model in test["depends_on"]["nodes"] if model in kinds} <= {"incremental", "table"}


def test_everything_ran_and_passed(built: Built) -> None:
    assert {result["status"] for result in built.results} <= {"success", "pass"}
    assert {result["unique_id"].split(".")[0] for result in built.results} == {"model", "seed", "test", "unit_test"}


def _vocabularies() -> Any:
    from cgt_etl.contracts.dbt_sources import VOCABULARIES

    return VOCABULARIES
