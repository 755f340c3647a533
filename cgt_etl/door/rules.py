"""The contract's rules on typed rows, run by pandera: which rows fail which rule, and what a failure does.

pandera sees statuses and values; what leaves this module is (column, rule id, row numbers). Its errors carry values and are caught here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from cgt_etl.contracts.load import BoundRule, ColumnSpec, ObjectSpec
from cgt_etl.contracts.model import Rule
from cgt_etl.contracts.vocabulary import Loinc, Unit, code_map, loinc_map, measurements, unit_map
from cgt_etl.door import times
from cgt_etl.door.identifiers import is_structured
from cgt_etl.errors import CgtError, DeclarationError

Effect = Literal["row", "cell", "flag"]
Argument = str | int | float | bool | list[str]

ROW_RULES: Final = frozenset({"D01", "R01", "R02", "R04"})
CELL_RULES: Final = frozenset({"D02", "D04", "D05", "D10", "R03", "R25", "R30", "R34", "R39", "R42"})
"""On a key cell these send the row aside; every rule named nowhere here flags."""
REQUIRED: Final = "D03"
_HAS_VALUE: Final = (times.OK, times.AMBIGUOUS, times.PARTIAL)


def key_columns(spec: ObjectSpec) -> frozenset[str]:
    """Columns whose unreadable cell sends its row aside: the business key and what marks event time."""
    names = {column.name for column in spec.columns if column.key_position is not None or column.extension.key}
    return frozenset(names | {name for instant in spec.extension.instants if instant.key for name in (instant.date, instant.time)})


def effect_of(rule: str, *, is_key: bool) -> Effect:
    """What a failure of `rule` does to the row or cell it is on."""
    if rule in ROW_RULES or (is_key and (rule in CELL_RULES or rule == REQUIRED)):
        return "row"
    return "cell" if rule in CELL_RULES else "flag"


def rules_of(column: ColumnSpec) -> tuple[BoundRule, ...]:
    """The rules that the contract binds to the column, and those that follow from its unit and measurement."""
    of, implied = column.extension, []
    if (of.measurement or of.unit_column) and of.cast in ("integer", "decimal", "ratio", "measured"):
        implied = [BoundRule("D05", Rule(check="unit_known")), BoundRule("D07", Rule(check="plausible"))]
    return (*column.rules, *implied)


def patterns_of(column: ColumnSpec) -> tuple[str, ...]:
    """Forms that the contract allows the column's identifiers beside the kind's own structure."""
    found: list[str] = []
    for bound in column.rules:
        patterns = bound.rule.arguments.get("patterns")
        found += patterns if isinstance(patterns, list) else []
    return tuple(found)


def judges_reading(bound: BoundRule) -> bool:
    """Whether the rule is about the text being readable at all, and so stands in the place of D02."""
    return bound.rule.check == "measured" or is_structured(bound.rule.check)


def failures(spec: ObjectSpec, frame: pl.DataFrame) -> list[tuple[str, str, list[int]]]:
    """(column, rule id, numbers of the failing rows), in the order of the contract; rows are those of `frame`.

    Raises:
        DeclarationError: a rule names a check, a column or an argument that does not exist.
        CgtError: a rule could not be run.
    """
    bound = [(column, rule) for column in spec.columns if column.extension.action != "drop" for rule in rules_of(column)]
    checks: dict[str, list[pa.Check]] = {}
    for number, (column, rule) in enumerate(bound):
        checks.setdefault(f"{column.name}__status", []).append(_check(spec, column, rule, number))
    if not checks or frame.is_empty():
        return []
    schema = pa.DataFrameSchema({name: pa.Column(nullable=True, checks=listed) for name, listed in checks.items()})
    found: dict[int, list[int]] = {}
    broken: str | None = None
    try:
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        for name, row in errors.failure_cases.select("check", "index").iter_rows():
            place, _, rule_id = str(name).partition(":")
            if row is None or not place.isdigit():
                broken = rule_id or str(spec.name)
                break
            found.setdefault(int(place), []).append(int(row))
    if broken is not None:
        raise CgtError("a rule could not be run on these rows", remedy="Mend the rule's arguments in the contract", rule=broken)
    return [(bound[place][0].name, bound[place][1].id, sorted(rows)) for place, rows in sorted(found.items())]


def _check(spec: ObjectSpec, column: ColumnSpec, bound: BoundRule, number: int) -> pa.Check:
    passes = (_passes(spec, column, bound) | ~_has_value(column.name)) if not judges_reading(bound) else _is_read(column, bound)

    def check(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(passes.fill_null(value=True))

    return pa.Check(check, name=f"{number}:{bound.id}")


def _has_value(column: str) -> pl.Expr:
    return pl.col(f"{column}__status").is_in(_HAS_VALUE)


def _is_read(column: ColumnSpec, bound: BoundRule) -> pl.Expr:
    kind = column.extension.identifier or column.extension.cast
    if kind != bound.rule.check:
        raise DeclarationError(f"the check {bound.rule.check} does not fit a column of {kind}", column=column.name, rule=bound.id)
    return pl.col(f"{column.name}__status") != times.SET_ASIDE


def _passes(spec: ObjectSpec, column: ColumnSpec, bound: BoundRule) -> pl.Expr:  # noqa: PLR0911  one per check
    name, arguments = column.name, bound.rule.arguments
    match bound.rule.check:
        case "range":
            low, high = arguments.get("low"), arguments.get("high")
            value, always = pl.col(name), pl.lit(value=True)
            return (always if low is None else value >= low) & (always if high is None else value <= high)
        case "one_of":
            return pl.col(name).cast(pl.String).is_in(_argument(column, bound, "values", list))
        case "pattern":
            return pl.col(name).str.contains(f"^(?:{_argument(column, bound, 'pattern', str)})$")
        case "scale_stated":
            return _has_value(_column(spec, column, bound, "scale")) if "scale" in arguments else pl.lit(value=False)
        case "basis_stated":
            return _by_row(column, _basis_columns(spec, column, bound), _has_basis)
        case "unit_known":
            return _by_row(column, _unit_columns(spec, column), lambda row: _unit_fault(row) != "D05")
        case "loinc_agrees":
            return _by_row(column, _unit_columns(spec, column), lambda row: _unit_fault(row) != "R30")
        case "plausible":
            return _by_row(column, _unit_columns(spec, column), _is_plausible)
    raise DeclarationError(f"there is no check {bound.rule.check}", column=name, rule=bound.id, remedy="Use one of CONTRIBUTING's list")


def _argument(column: ColumnSpec, bound: BoundRule, name: str, kind: type) -> Any:
    value = bound.rule.arguments.get(name)
    if not isinstance(value, kind):
        raise DeclarationError(f"the check {bound.rule.check} needs the argument {name}", column=column.name, rule=bound.id)
    return value


def _column(spec: ObjectSpec, column: ColumnSpec, bound: BoundRule, argument: str) -> str:
    name = str(_argument(column, bound, argument, str))
    if name not in {one.name for one in spec.columns if one.extension.action == "keep"}:
        raise DeclarationError(f"the check {bound.rule.check} names `{name}`, which is no kept column", column=column.name, rule=bound.id)
    return name


Row = dict[str, Any]


def _unit_columns(spec: ObjectSpec, column: ColumnSpec) -> dict[str, pl.Expr]:
    """Where a row's measurement and unit stand: in the contract, in a column, or in a code, its display and its unit."""
    of = column.extension
    found = {"has_loinc": pl.lit(value=False)}
    for bound in column.rules:
        if bound.rule.check == "loinc_agrees":
            names = {argument: _column(spec, column, bound, argument) for argument in bound.rule.arguments if argument != "local_map"}
            found = {"has_loinc": pl.lit(value=True), **{argument: pl.col(name) for argument, name in names.items()}}
            if "local_code" in names:
                found["local_map"] = pl.lit(_argument(column, bound, "local_map", str))
    if of.measurement:
        found["measurement"] = pl.lit(of.measurement.name)
        if of.measurement.unit:
            found["unit"] = pl.lit(of.measurement.unit)
    if of.unit_column:
        found["unit"] = pl.col(of.unit_column)
    return found


def _basis_columns(spec: ObjectSpec, column: ColumnSpec, bound: BoundRule) -> dict[str, pl.Expr]:
    """Where a row names its test and its basis, the maps that say what the words mean, and the measurement that needs a basis."""
    columns = {name: pl.col(_column(spec, column, bound, name)) for name in ("test", "basis")}
    return columns | {name: pl.lit(_argument(column, bound, name, str)) for name in ("test_map", "basis_map", "measurement")}


def _has_basis(row: Row) -> bool:
    maps = code_map()
    is_asked = maps[row["test_map"]].get(row["test"] or "") == row["measurement"]
    return not is_asked or (row["basis"] or "") in maps[row["basis_map"]]


def _by_row(column: ColumnSpec, columns: dict[str, pl.Expr], passes: Callable[[Row], bool]) -> pl.Expr:
    """`passes` on each different row of `columns` and the column's own value and comparator."""
    comparator = pl.col(f"{column.name}__comparator") if column.extension.cast == "measured" else pl.lit(None, dtype=pl.String)
    everything = {**columns, "value": pl.col(column.name), "comparator": comparator}
    struct = pl.struct([cells.alias(name) for name, cells in everything.items()])

    @cache
    def judged(cells: tuple[Any, ...]) -> bool:
        return passes(dict(zip(everything, cells, strict=True)))

    def judge(rows: pl.Series) -> pl.Series:
        return pl.Series([judged(cells) for cells in rows.struct.unnest().iter_rows()], dtype=pl.Boolean)

    judged_rows: pl.Expr = struct.map_batches(judge, return_dtype=pl.Boolean)
    return judged_rows


def _unit_fault(row: Row) -> str | None:
    """D05: the unit is in no map. R30: the code, its display and its unit contradict each other. None: nothing known is wrong.

    A code that no vocabulary knows contradicts nothing.
    """
    if not row["has_loinc"]:
        unit, measurement = row.get("unit"), row.get("measurement")
        if measurement is not None and "unit" not in row:
            return None
        return None if _unit(measurement, unit) else "D05"
    entries = _coded(row)
    if not entries:
        return None
    units = [unit for unit in (row.get("unit_code"), row.get("unit")) if unit]
    if not any(_unit(None, unit) for unit in units):
        is_pure_number = not units and any((entry.measurement, "1") in unit_map() for entry in entries)
        if not is_pure_number:
            return "D05"
    is_named = _is_named if row["code"] else _is_not_named_another
    display = ((row.get("display") if row["code"] else row.get("local_display")) or "").lower()
    return None if any(is_named(entry, display) and _is_in_one_unit(entry.measurement, units) for entry in entries) else "R30"


def _coded(row: Row) -> tuple[Loinc, ...]:
    """What the row's LOINC code may measure; where it has none, what the sender's own code does."""
    if row["code"] or "local_code" not in row:
        return loinc_map().get(row["code"] or "", ())
    measurement = code_map()[row["local_map"]].get(row["local_code"] or "")
    return (Loinc(measurement, _words().get(measurement, ())),) if measurement else ()


@cache
def _words() -> dict[str, tuple[str, ...]]:
    """Measurement -> the words by which displays of its LOINC codes are known."""
    return {entry.measurement: entry.words for entries in loinc_map().values() for entry in entries}


def _is_named(entry: Loinc, display: str) -> bool:
    return not display or not entry.words or any(word in display for word in entry.words)


def _is_not_named_another(entry: Loinc, display: str) -> bool:
    """A sender's own name follows no standard: it contradicts where it has the words of another measurement and none of this one."""
    return _is_named(entry, display) or not any(word in display for words in _words().values() for word in words)


def _is_in_one_unit(measurement: str, units: list[str]) -> bool:
    known = [unit for text in units if (unit := unit_map().get((measurement, text)))]
    return not units or (_unit(measurement, units[0]) is not None and len({(unit.factor, unit.offset) for unit in known}) == 1)


def _unit(measurement: str | None, unit: str | None) -> Unit | None:
    """How `unit` is brought to the measurement's canonical unit; of any measurement where none is given."""
    return _any_unit().get(unit or "") if measurement is None else unit_map().get((measurement, unit or ""))


@cache
def _any_unit() -> dict[str, Unit]:
    return {unit: entry for (_, unit), entry in unit_map().items()}


def _is_plausible(row: Row) -> bool:
    """Whether the value, in the canonical unit, lies in the measurement's range; a censored or unplaceable one is not judged."""
    measurement = row.get("measurement")
    unit = row.get("unit_code") or row.get("unit")
    if row["has_loinc"]:
        fits = [entry.measurement for entry in _coded(row) if _unit(entry.measurement, unit)]
        measurement = fits[0] if fits else None
    limits, known = measurements().get(measurement or ""), _unit(measurement, unit) if measurement else None
    if limits is None or known is None or row["comparator"] is not None or row["value"] is None:
        return True
    value = row["value"] * known.factor + known.offset
    return (limits.low is None or value >= limits.low) and (limits.high is None or value <= limits.high)
