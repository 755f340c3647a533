"""The Safe Harbor scan: each of the forms is found in a cell, a text, a name; what the domain writes otherwise is not taken for one."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cgt_etl.egress import scan
from cgt_etl.egress.scan import Forbidden, Hit

NOTHING = Forbidden(frozenset(), frozenset())
TOKEN = "0eeb00ba668d86c8df000d731a5ac45d"
FOUND = {
    "date": [
        "2025-11-03", "2025-11", "20251103", "20251103141500", "03.11.2025", "11/03/2025", "3/11/25", "3 Nov 2025", "Nov 2025", "03-NOV-25",
        "2025-11-03T10:00:00Z", "seen 2025/11/03.", "2025-W45", "November 3, 2025",
    ],
    "time of day": ["10:15", "at 23:59:01"],
    "e-mail": ["anna@example.org"],
    "URL": ["https://example.org/p/1", "www.example.org", "urn:epc:id:sscc:0614141.1234567890"],
    "network address": ["192.168.0.17", "fe80:0:0:0:1:2:3:4", "00:1B:44:11:3A:B7"],
    "telephone": ["+49 30 1234567", "(555) 123-4567", "555-123-4567", "030 1234567"],
    "social security number": ["123-45-6789"],
    "postal code": ["10117", "90210-1234", "CA 90210", "SW1A 1AA"],
    "record number": ["123456", "00123456", "MRN 12", "#4512345"],
    "serial or lot number": ["LOT123456", "C8-B26-00041", "LV-UNA-2823"],
    "vehicle": ["1HGCM82633A004352"],
    "donation number": ["A999921123456", "=A99992112345600", "G123417654321"],
    "chain-of-identity number": ["CHA999925ABC123"],
    "donor registry number": ["1234ABCDEFGHIJKLM12"],
    "GS1 key": ["(00)106141412345678908"],
    "air waybill": ["176-12345675"],
}  # fmt: skip
HARMLESS = [
    "2025", "born 1961", "infusion_completed", "10*9/L", "{copies}/{cell}", "C90.00", "S1128", "A0002", "R15", "lugano_2014", "12:1",
    "1.0.0", "-0.5", "duocel", TOKEN, "s" + TOKEN, "a20251103b20251103c20251103ddddd", "0003-1234567812345678", "45 CFR 164.514(b)(2)",
    "10*6/kg", "fewer than 11", "day 28", "CD3+CD4+", "ISO 8601", "5 %",
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in FOUND.items() for text in texts])
def test_a_form_is_found(rule: str, text: str) -> None:
    assert rule in scan.rules_of(text)
    if rule != "postal code":
        assert rule in scan.rules_of(f"before {text}")


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_identifier_passes(text: str) -> None:
    assert scan.rules_of(text) == set()


def write(folder: Path, **columns: pl.Series | list[object]) -> Path:
    file = folder / "tables" / "journey" / "part-0000.parquet"
    file.parent.mkdir(parents=True)
    pl.DataFrame(columns).write_parquet(file)
    return folder


@pytest.mark.parametrize(
    ("column", "values", "rule"),
    [
        ("x", [date(2025, 11, 3)], "date"),
        ("x", [datetime(2025, 11, 3, 1)], "date"),  # noqa: DTZ001
        ("x", [time(1, 2)], "date"),
        ("x", [20251103], "date"),
        ("x", [1_762_128_000], "date"),
        ("x", [1_762_128_000_000], "date"),
        ("x", [b"\x00"], "neither text, number nor truth value"),
        ("x", [["nested"]], "neither text, number nor truth value"),
        ("age_years", [91], "age above 89"),
        ("x", ["Ms HARBOR hospital"], "name or word on the list"),
        ("x", [TOKEN], "token of the release"),
        ("x", ["s" + TOKEN], "token of the release"),
        ("x", ["e" + TOKEN], "token of the release"),
        ("birth_year", [1961], "name of the column"),
        ("started_at_utc", [1], "name of the column"),
    ],
)
def test_cells_and_columns_of_tables(tmp_path: Path, column: str, values: list[object], rule: str) -> None:
    write(tmp_path, **{column: [*values, None], "fine": ["a", "b"]})
    hits = scan.scan(tmp_path, Forbidden(frozenset({TOKEN}), frozenset({"Harbor Hospital", "x", "  "})))
    assert hits == [Hit("journey", column, rule)]


def test_a_clean_table_has_no_hits(tmp_path: Path) -> None:
    write(tmp_path, age_years=[90, 0], day=[-28, 0], value=[20251103.5, 1e9], code=["C90.00", None], is_x=[True, None], key=[TOKEN, None])
    assert scan.scan(tmp_path, NOTHING) == []


def test_public_codes_may_be_plain_numbers_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "tables" / "timeline" / "part-0000.parquet"
    file.parent.mkdir(parents=True)
    pl.DataFrame({"code": ["24698", "1234567", "2025-11-03"], "other": ["24698", None, None]}).write_parquet(file)
    assert scan.scan(tmp_path, NOTHING) == [Hit("timeline", "code", "date"), Hit("timeline", "other", "postal code")]


def test_texts_names_of_files_and_metadata(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"made": ["x", {"2025-11-03": 1}], "bytes": 20251103}))
    (tmp_path / "page.html").write_text("<p>ask anna@example.org</p>")
    (tmp_path / "notes_20251103.txt").write_text("fine")
    file = tmp_path / "tables" / "journey" / "part-0000.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(pa.table({"x": ["a"]}).replace_schema_metadata({"source": "https://example.org"}), file)
    assert {(hit.table, hit.rule) for hit in scan.scan(tmp_path, NOTHING)} == {
        ("manifest.json", "date"),
        ("page.html", "e-mail"),
        ("notes_20251103.txt", "date"),
        ("journey", "URL"),
    }


def test_a_hit_says_where_and_never_what() -> None:
    assert str(Hit("journey", "code", "date")) == "journey, column code: date"
    assert TOKEN not in repr(Forbidden(frozenset({TOKEN}), frozenset({"anna"})))
