"""Every row of `code_maps.csv` is somewhere in the pipeline, with the meaning, unit and factor that it states, or left out with a reason.

`code_maps_covered.csv` says where: its column `where` holds places divided by `; `, each of one of these forms, or `left_out`.

    <dialect>/<feed>.<physical name>        a column of a contract, or one of the alternatives that `|` divides
    code_map:<map>/<code>=<canonical>       a row of `code_map.csv`
    loinc_map:<code>=<measurement>          a row of `loinc_map.csv`
    unit_map:<measurement>/<unit>           a row of `unit_map.csv`
    door: <module>.<function>               of `cgt_etl.door`
    macro: <name>, model: <name>            of the dbt project
"""

from __future__ import annotations

import csv
import importlib
import re
from collections import defaultdict
from pathlib import Path

import pytest

from cgt_etl.contracts.load import ColumnSpec
from cgt_etl.contracts.registry import Registry
from cgt_etl.contracts.vocabulary import code_map, loinc_map, unit_map
from cgt_etl.settings import PACKAGE, REPOSITORY, Settings

LEFT_OUT = "left_out"
KINDS = {
    "donor_local_id": "donor_id",
    "coi_id": "coi",
    "batch_id": "batch",
    "dose_lot": "lot",
    "vector_lot": "material_lot",
    "specimen_id": "specimen",
    "logger_serial": "logger",
}
"""Identifiers of `code_maps.csv` that a contract calls otherwise."""
NAMING = ("loinc_map:", *(f"code_map:{name}/" for name in ("laboratory_test", "mes_parameter", "coa_test", "apple_measurement")))
"""Maps from a code to the measurement that it names."""
FACTOR = re.compile(r"(?:^|; )(?P<sign>x|/)(?P<number>\d+(?:\.\d+)?)")
"""What a transform multiplies or divides by, where it says so."""


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _key(row: dict[str, str]) -> tuple[str, str, str]:
    return row["partner"].split(" ")[0], row["local_field_or_term"], row["canonical"]


SAID = _rows(PACKAGE / "vocabularies" / "code_maps.csv")
COVERED = {_key(row): row for row in _rows(Path(__file__).with_name("code_maps_covered.csv"))}
IMPLEMENTED = [pytest.param(row, id="-".join(_key(row)[:2])) for row in SAID if COVERED[_key(row)]["where"] != LEFT_OUT]


def _columns() -> dict[tuple[str, str], list[ColumnSpec]]:
    """(`<dialect>/<feed>`, physical name or an alternative of it) -> the columns, of whatever object of the feed."""
    found: defaultdict[tuple[str, str], list[ColumnSpec]] = defaultdict(list)
    for feed in Registry.load(Settings(home=Path("/nowhere"))).feeds:
        for spec in feed.objects:
            for column in spec.columns:
                for name in {column.physical_name, *column.physical_name.split("|")}:
                    found[f"{feed.dialect}/{feed.name}", name].append(column)
    return found


COLUMNS = _columns()


def _places(row: dict[str, str]) -> list[str]:
    return COVERED[_key(row)]["where"].split("; ")


def _columns_of(row: dict[str, str]) -> list[ColumnSpec]:
    """The columns that a row names."""
    return [column for place in _places(row) if place.count("/") for column in COLUMNS.get(tuple(place.split(".", 1)), [])]  # type: ignore[arg-type]


def _exists(place: str) -> bool:  # noqa: PLR0911  one per form
    kind, _, rest = place.partition(":")
    name = rest.strip()
    match kind:
        case "code_map":
            at, _, canonical = name.rpartition("=")
            table, _, code = at.partition("/")
            return code_map().get(table, {}).get(code) == canonical
        case "loinc_map":
            code, _, measurement = name.partition("=")
            return measurement in {entry.measurement for entry in loinc_map().get(code, ())}
        case "unit_map":
            measurement, _, unit = name.partition("/")
            return (measurement, unit) in unit_map()
        case "door":
            module, _, function = name.rpartition(".")
            return callable(getattr(importlib.import_module(f"cgt_etl.door.{module}"), function, None))
        case "macro":
            declared = re.compile(rf"{{%-? macro {re.escape(name)}\(")
            return any(declared.search(path.read_text(encoding="utf-8")) for path in (REPOSITORY / "dbt_project" / "macros").glob("*.sql"))
        case "model":
            return any(list(folder.rglob(f"{name}.sql")) for folder in (PACKAGE / "dialects", REPOSITORY / "dbt_project" / "models"))
    feed, _, physical = place.partition(".")
    return (feed, physical) in COLUMNS


def test_every_row_is_there_once() -> None:
    listed = _rows(Path(__file__).with_name("code_maps_covered.csv"))
    assert [_key(row) for row in listed] == [_key(row) for row in SAID]
    assert len(COVERED) == len(listed)
    assert all(row["reason"] for row in listed if row["where"] == LEFT_OUT)


@pytest.mark.parametrize("row", IMPLEMENTED)
def test_where_it_is_said_to_be_it_is(row: dict[str, str]) -> None:
    assert [place for place in _places(row) if not _exists(place)] == []


def _units(row: dict[str, str]) -> set[tuple[str, str]]:
    """(measurement, unit as delivered) of the row's columns and maps."""
    stated = {
        (column.extension.measurement.name, column.extension.measurement.unit)
        for column in _columns_of(row)
        if column.extension.measurement and column.extension.measurement.unit
    }
    for place in _places(row):
        kind, _, name = place.partition(":")
        if kind == "unit_map":
            measurement, _, unit = name.partition("/")
            stated.add((measurement, unit))
    return stated


def _measurements(row: dict[str, str]) -> set[str]:
    """What the row's columns and maps measure."""
    found = {measurement for measurement, _ in _units(row)}
    found |= {column.extension.measurement.name for column in _columns_of(row) if column.extension.measurement}
    for place in _places(row):
        table, _, canonical = place.rpartition("=")
        if table.startswith(
            ("loinc_map:", "code_map:laboratory_test/", "code_map:mes_parameter/", "code_map:coa_test/", "code_map:apple_m")
        ):
            found.add(canonical)
    return found


@pytest.mark.parametrize("row", [one for one in IMPLEMENTED if one.values[0]["kind"] == "measurement"])  # type: ignore[index]
def test_a_measurement_is_the_one_in_the_unit_and_by_the_factor(row: dict[str, str]) -> None:
    canonical = set(row["canonical"].split("|"))
    measured = _measurements(row)
    assert measured <= canonical, "another measurement"
    known = {measurement: unit.canonical_unit for (measurement, _), unit in unit_map().items()}
    if row["canonical_unit"]:
        assert {known[measurement] for measurement in canonical if measurement in known} <= {row["canonical_unit"]}
    factors = {unit_map()[one].factor for one in _units(row)}
    local = {
        unit_map()[measurement, row["local_unit"]].factor for measurement in canonical if (measurement, row["local_unit"]) in unit_map()
    }
    if row["local_unit"] and local and factors and not {"|", " or "} & set(row["local_unit"]):
        assert factors == local, "another unit than the local one"
    said = FACTOR.search(row["transform"])
    if said and factors:
        number = float(said["number"]) if said["sign"] == "x" else 1 / float(said["number"])
        assert any(factor == pytest.approx(number, rel=1e-4) for factor in factors), "another factor"


@pytest.mark.parametrize("row", [one for one in IMPLEMENTED if one.values[0]["kind"] == "identifier"])  # type: ignore[index]
def test_an_identifier_is_read_as_one_of_its_kind(row: dict[str, str]) -> None:
    wanted = {KINDS.get(kind, kind) for kind in re.findall(r"[a-z_]{3,}", row["canonical"]) if kind not in {"input", "list"}}
    beside = {"division"} if "din" in wanted else set()  # one cell holds both
    assert {column.extension.identifier for column in _columns_of(row)} <= wanted | beside | {"sscc", "epc"}
    assert _columns_of(row)


@pytest.mark.parametrize("row", [one for one in IMPLEMENTED if _key(one.values[0])[0] == "ANY"])  # type: ignore[arg-type]
def test_a_synonym_that_any_dialect_may_write_is_in_the_map_or_named_with_a_reason(row: dict[str, str]) -> None:
    terms = set(row["local_field_or_term"].split("|"))
    mapped = {place.rpartition("=")[0].partition("/")[2] for place in _places(row) if place.startswith("code_map:")}
    assert mapped <= terms
    assert all(term in COVERED[_key(row)]["reason"].split(" ") for term in terms - mapped)
