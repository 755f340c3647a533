"""Casts: what is a number, a code, a ratio, and what is not; nothing silently nulled."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgt_etl.door.casts import Cell, Context, caster
from cgt_etl.errors import DeclarationError
from tests.extract.build import column

ZONE = ZoneInfo("America/New_York")


def cast(text: str | None, *, decimal: str = ".", **extension: Any) -> Cell:
    return caster(column("x", **extension), Context(ZONE, decimal))(text)


def value(text: str, **extension: Any) -> Any:
    cell = cast(text, **extension)
    assert cell.status == "ok", text
    return cell.values[0]


def is_unreadable(text: str, **extension: Any) -> bool:
    cell = cast(text, **extension)
    return (cell.status, cell.rule, set(cell.values)) == ("set_aside", "D02", {None})


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1.0), ("-2.50", -2.5), (" 5 ", 5.0), (".5", 0.5), ("1.2E+06", 1.2e6), ("+3", 3.0), ("007", 7.0)]
)
def test_decimals(text: str, number: float) -> None:
    assert value(text, cast="decimal") == number


@pytest.mark.parametrize(
    "text",
    [
        "1_000",
        "NaN",
        "inf",
        "-Infinity",
        "1,000",
        "1 000",
        "1,5",
        "0x10",
        "١",
        "1e999",
        "5.",
        "--1",
        "1.2.3",
        "4 %",
        "<5",
        "−5",
        "1e5000",
        "TRUE",
    ],
)
def test_what_is_no_decimal(text: str) -> None:
    assert is_unreadable(text, cast="decimal")


def test_decimal_comma_is_the_only_mark() -> None:
    assert value("15,2", cast="decimal", decimal=",") == 15.2
    for text in ["15.2", "1.234,5", "1,234,5", "1 234,5"]:
        assert is_unreadable(text, cast="decimal", decimal=","), text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_reads_back(number: float) -> None:
    assert value(repr(number), cast="decimal") == number
    assert value(repr(number).replace(".", ","), cast="decimal", decimal=",") == number


@pytest.mark.parametrize("text", ["12.0", "1_0", "9223372036854775808", "1e3", "½", "²"])
def test_what_is_no_integer(text: str) -> None:
    assert is_unreadable(text, cast="integer")


def test_integers() -> None:
    assert value("-9223372036854775808", cast="integer") == -(2**63)
    assert value("012", cast="integer") == 12


def test_comparators_are_kept() -> None:
    assert cast("<0.25", cast="measured", comparators=True).values == (0.25, "<")
    assert cast(">= 40000", cast="measured", comparators=True).values == (40000.0, ">=")
    assert cast("≤3", cast="measured", comparators=True).values == (3.0, "<=")
    assert cast("3", cast="measured").values == (3.0, None)
    assert is_unreadable("<0.25", cast="measured")
    assert is_unreadable("<", cast="measured", comparators=True)
    assert is_unreadable("<<1", cast="measured", comparators=True)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        (">=80 %", (None, 80.0, None, True, "%")),
        ("≤5", (None, None, 5.0, True, None)),
        ("<0.5 EU/mL", (None, None, 0.5, False, "EU/mL")),
        ("> -1.5", (None, -1.5, None, False, None)),
        ("0.5-1.1 x10^8", (None, 0.5, 1.1, True, "x10^8")),
        ("200 – 8000pg/mL", (None, 200.0, 8000.0, True, "pg/mL")),
        ("No growth", ("No growth", None, None, None, None)),
        ("<LOQ", ("<LOQ", None, None, None, None)),
    ],
)
def test_limits(text: str, limits: tuple[Any, ...]) -> None:
    assert cast(text, cast="limits", code_map="coa_limit").values == limits


@pytest.mark.parametrize("text", ["80 %", ">=", "1.1-0.5", "0.5-", ">=80 % of 3", ">=80,5", "a-b", "no growth", "1-2-3", "report"])
def test_what_is_no_limit(text: str) -> None:
    assert is_unreadable(text, cast="limits", code_map="coa_limit")


def test_a_unit_that_nobody_knows_is_no_limit() -> None:
    cell = cast(">=80 furlongs", cast="limits")
    assert (cell.status, cell.rule) == ("set_aside", "D05")
    assert is_unreadable("No growth", cast="limits")


@given(lower=st.floats(0, 1e9), width=st.floats(0, 1e9), unit=st.sampled_from(["", " %", " pg/mL"]))
def test_every_range_reads_back(lower: float, width: float, unit: str) -> None:
    text = f"{lower:.12f}-{lower + width:.12f}{unit}"
    _, low, high, is_inclusive, read = cast(text, cast="limits").values
    assert (low, high, is_inclusive, read) == (float(f"{lower:.12f}"), float(f"{lower + width:.12f}"), True, unit.strip() or None)


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("12:1", 12.0),
        ("12:01:00", 12.0),
        ("12 : 1", 12.0),
        ("12:01:00 PM", 12.0),
        ("1:01:00 PM", 13.0),
        ("11:1", 11.0),
        ("5:2", 2.5),
        ("10:02:00", 5.0),
        ("12", 12.0),
    ],
)
def test_ratios(text: str, ratio: float) -> None:
    assert value(text, cast="ratio") == ratio


@pytest.mark.parametrize("text", ["12:0", "12:00:00", "12:01:30", ":", "12:1:1:1", "1:x", "1e308:.1"])
def test_what_is_no_ratio(text: str) -> None:
    assert is_unreadable(text, cast="ratio")


def test_booleans_are_what_the_contract_says() -> None:
    words = {"Y": True, "N": False}
    assert value("Y", cast="boolean", values=words) is True
    for text in ["y", "yes", "1", "true"]:
        assert is_unreadable(text, cast="boolean", values=words)


def test_codes_belong_to_their_map() -> None:
    assert value(" female ", cast="code", code_map="sex") == "female"
    cell = cast("CANARY", cast="code", code_map="sex")
    assert (cell.status, cell.rule) == ("set_aside", "D04")
    with pytest.raises(DeclarationError):
        caster(column("x", cast="code", code_map="no_such_map"), Context(ZONE))


def test_missing_is_not_one_thing() -> None:
    missing = {"?": "unknown", "1000000": "never"}
    assert [cast(text, cast="decimal", missing=missing).status for text in (None, "", " \t", "?", " 1000000 ", "1000000.0")] == [
        "missing",
        "missing",
        "missing",
        "unknown",
        "never",
        "ok",
    ]
    assert cast("1000000", cast="decimal", missing=missing).values == (None,)


def test_dates_keep_what_was_said() -> None:
    formats = ["%m/%d/%Y", "%m/XX/%Y"]
    whole, partial, wrong = (cast(text, cast="date", formats=formats) for text in ("11/02/2025", "11/XX/2025", "13/02/2025"))
    assert (whole.status, whole.values[1:]) == ("ok", ("2025-11-02", "day"))
    assert (partial.status, partial.values, partial.rule) == ("partial", (None, "2025-11", "month"), "D06")
    assert (wrong.status, wrong.rule) == ("set_aside", "D02")


def test_times_of_day() -> None:
    formats = ["%H:%M", "%H:%M:%S"]
    assert value("8:20", cast="time", formats=formats) == "08:20"
    assert value("08:20:05", cast="time", formats=formats) == "08:20:05"
    for text in ["24:00", "8.20", "08:60"]:
        assert is_unreadable(text, cast="time", formats=formats), text


def test_instants_use_their_offset_then_the_sites_zone() -> None:
    assert cast("2025-11-02T07:55:00-05:00", cast="instant").values[4] == "offset"
    assert cast("2025-11-03T07:55", cast="instant").values[4] == "site"
    assert (cast("2025-03-09T02:30", cast="instant").status, cast("2025-03-09T02:30", cast="instant").rule) == ("set_aside", "R25")
    assert (cast("2025-11-02T01:30", cast="instant").status, cast("2025-11-02T01:30", cast="instant").rule) == ("ambiguous", None)
    assert (cast("2025-11", cast="instant").status, cast("2025-11", cast="instant").rule) == ("partial", "D06")
    assert is_unreadable("yesterday", cast="instant")


def test_identifiers_and_lists_of_them() -> None:
    din: dict[str, Any] = {"cast": "identifier", "identifier": "din", "privacy": "quasi", "action": "token"}
    assert value("A999925000101H", **din) == "A999925000101"
    assert is_unreadable("A999925000101X", **din)
    assert value("A999925000101-A0; A999925000102;", split=";", **din) == ["A999925000101", "A999925000102"]
    assert is_unreadable("A999925000101;CANARY", split=";", **din)
    assert is_unreadable(";", split=";", **din)
    part = {"cast": "identifier", "identifier": "division", "part": "[^-]*(?:-(?P<part>.+))?"}
    assert value("A999925000101-A0; A999925000102;", split=";", **part) == ["A0", None], "a piece without the part keeps its place"
    assert is_unreadable("A999925000101-A0;A999925000102-CANARY", split=";", **part)


@given(st.text(max_size=12), st.sampled_from(["text", "integer", "decimal", "measured", "limits", "ratio", "instant"]))
def test_no_text_breaks_a_cast(text: str, kind: str) -> None:
    cell = cast(text, cast=kind)
    assert (cell.status == "ok") == (cell.key is not None and cell.rule is None)
    if cell.status == "set_aside":
        assert cell.rule is not None
        assert set(cell.values) == {None}


def test_a_part_of_a_cell_is_read_and_the_rest_must_be_what_the_contract_says() -> None:
    degrees = {"cast": "measured", "part": r"(?P<part>.+?)\s*(?:°C|Â°C)"}
    assert value("-188.4°C", **degrees) == value("-188.4 Â°C", **degrees) == -188.4
    assert all(is_unreadable(text, **degrees) for text in ("-188.4", "-188.4°F", "cold °C", "°C"))
    division = {"cast": "identifier", "identifier": "division", "part": r".{13}(?:-(?P<part>.*))?"}
    assert value("A999925000101-Aa", **division) == "Aa"
    assert cast("A999925000101", **division).status == cast("A999925000101-", **division).status == "missing"
    assert is_unreadable("A999925000101-Aab", **division)
