"""Drafts: what a sample shows is proposed, what it cannot show is refused until somebody has said it, and no value of it is written."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import JsonFormat
from cgt_etl.contracts.load import load_feed, load_partner
from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError, DeclarationError
from cgt_etl.onboarding.draft import slug
from cgt_etl.onboarding.sample import SeenColumn, look
from cgt_etl.onboarding.write import new_dialect, new_partner, stage_dialect
from cgt_etl.settings import PACKAGE, Settings

HEADER = ["Unit (DIN)", "Collected", "TNC [x10^8]", "CD34+ %", "Mother", "Tank pos."]
ROWS = [
    ["A999725000001", date(2025, 10, 14), 12.5, "<0.25", "Canary Person", "01"],
    ["A999725000002", date(2025, 10, 15), "n/d", "0.31", "Canary Other", "02"],
    *([f"A9997250001{n:02d}", date(2025, 11, 1 + n), 8.5, "0.4", f"Canary {n}", f"0{n}"] for n in range(10)),
]


def workbook(path: Path) -> Path:
    """Three surprises: a title above the header on the second sheet, a text among numbers, comparators."""
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("Info").write(0, 0, "Made by the bank")
    sheet = book.add_worksheet("Stock")
    sheet.write(0, 0, "Units in stock")
    sheet.write_row(3, 0, HEADER)
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for number, row in enumerate(ROWS, start=4):
        for place, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(number, place, value, day)
            else:
                sheet.write(number, place, value)
    book.close()
    return path


def text(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def columns(path: Path) -> dict[str, SeenColumn]:
    return {one.physical_name: one for one in look(path).columns}


def test_a_workbook_with_surprises(tmp_path: Path) -> None:
    sample = look(workbook(tmp_path / "stock.xlsx"))
    assert sample.file.model_dump(exclude_unset=True) == {"format": "xlsx", "sheet": "Stock", "header_row": 4}
    seen = {one.physical_name: one.proposal for one in sample.columns}
    assert list(seen) == HEADER
    assert [seen[name].cast for name in HEADER] == ["text", "date", "decimal", "measured", "text", "text"]
    assert seen["TNC [x10^8]"].strays == (6,)
    assert seen["CD34+ %"].has_comparators


def test_what_the_sample_cannot_tell_apart_is_asked(tmp_path: Path) -> None:
    days = columns(text(tmp_path / "a.csv", "day,n", *(f"0{n}/0{n + 1}/2025,{n}" for n in range(1, 9))))["day"]
    assert set(days.proposal.formats) == {"%m/%d/%Y", "%d/%m/%Y"}
    told = columns(text(tmp_path / "b.csv", "day,n", "01/02/2025,1", "25/02/2025,2"))["day"]
    assert told.proposal.formats == ("%d/%m/%Y",)


def test_numbers_that_name_something_are_texts(tmp_path: Path) -> None:
    seen = columns(text(tmp_path / "a.csv", "mrn;n;on", "00123;1;20250102", "00124;2;20250103"))
    assert [seen[name].proposal.cast for name in ("mrn", "n", "on")] == ["text", "integer", "date"]


def test_a_european_export(tmp_path: Path) -> None:
    path = text(
        tmp_path / "a.csv", "Export vom 18.11.2025", "", "Präparat;Volumen [l];Uhr", "A1;15,2;08:10", "B2;14,9;09:00", encoding="latin-1"
    )
    sample = look(path)
    assert sample.file.model_dump(exclude_unset=True) == {
        "format": "csv",
        "delimiter": ";",
        "encoding": "latin-1",
        "header_lines": 3,
        "decimal": ",",
    }
    assert [one.proposal.cast for one in sample.columns] == ["text", "decimal", "time"]


def test_nested_records(tmp_path: Path) -> None:
    path = text(
        tmp_path / "a.ndjson",
        '{"resourceType":"Observation","id":"canary-1","code":{"coding":[{"code":"8122-4"}]},"value":{"value":5},"component":[{"a":1},{"a":2}]}',
    )
    sample = look(path)
    assert [one.physical_name for one in sample.columns] == ["id", "code.coding[0].code", "value.value"]
    assert sample.lists == ("component",)


def test_a_document(tmp_path: Path) -> None:
    path = text(
        tmp_path / "heart_20251124.json",
        '{"activities-heart":[{"dateTime":"2025-11-24"}],"intraday":{"interval":1,"dataset":[{"time":"08:00","value":70},{"time":"08:01"}]}}',
    )
    sample = look(path)
    assert sample.file == JsonFormat(format="json", records="intraday.dataset")
    assert [(one.physical_name, one.filled) for one in sample.columns] == [
        ("^.activities-heart[0].dateTime", 2),
        ("^.intraday.interval", 2),
        ("time", 2),
        ("value", 1),
    ]
    new_dialect(tmp_path / "dialects", "wrist", (path,), feed="heart")
    written = (tmp_path / "dialects" / "wrist" / "heart.odcs.yaml").read_text()
    assert 'file: {format: json, records: "intraday.dataset"}' in written
    assert "unit: record" in written


def test_records_at_the_top_of_a_document(tmp_path: Path) -> None:
    sample = look(text(tmp_path / "a.json", '[{"a":1,"b":[{"c":1},{"c":2}],"a name":1},{"a":2}]'))
    assert (sample.file, sample.lists) == (JsonFormat(format="json"), ("b",))
    assert [(one.physical_name, one.proposal.cast) for one in sample.columns] == [("a", "integer")]


@pytest.mark.parametrize("name", ["scan.pdf", "lines.json", "one.csv", "empty.xlsx"])
def test_what_cannot_be_drafted_is_said_in_a_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "empty.xlsx":
        xlsxwriter.Workbook(str(path)).close()
    else:
        text(path, "only one column", "x")
    with pytest.raises(CgtError) as raised:
        look(path)
    assert raised.value.remedy


def drafted(tmp_path: Path) -> Path:
    new_dialect(tmp_path / "dialects", "seaview", (workbook(tmp_path / "stock_20251130.xlsx"),), feed="unit")
    return tmp_path / "dialects" / "seaview"


def test_a_draft_is_refused_with_the_place_of_its_first_todo(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"at `description.purpose`: still to be decided: .*\([0-9]+ in this file\)"):
        load_feed(drafted(tmp_path) / "unit.odcs.yaml")


def test_no_value_of_the_sample_is_written(tmp_path: Path) -> None:
    written = "".join(path.read_text() for path in drafted(tmp_path).iterdir())
    for value in ("Canary", "A99972500", "n/d", "0.31", "2025-10-14"):
        assert value not in written


FINISHED = {
    "TODO what this export is, of which system, and what one row is": "Units of a bank.",
    "TODO what it does not say, or says in an unusual way": "None known.",
    "TODO who answers for this contract": "bank office",
    "TODO one row is one ...": "One row is one unit.",
    "TODO the columns of the business key, in words; mark them below": "DIN",
    "TODO what it holds": "As its name says.",
    "mode: TODO append (rows are added), upsert (a later row replaces) or snapshot (what is missing is gone)": "mode: upsert",
    "cast: TODO decimal": 'cast: measured, missing: {n/d: not_done}, measurement: {name: product_tnc, unit: "10*8"}',
}
OF_TEXTS = (
    "cast: identifier, identifier: din, privacy: quasi, action: token",
    "cast: text, privacy: direct, action: drop, reason: a name links nothing",
    "cast: text, privacy: none, action: keep",
)


def finish(contract: Path) -> None:
    """What a person does: answer, and agree with the rest."""
    said = contract.read_text()
    for asked, answer in FINISHED.items():
        said = said.replace(asked, answer)
    for answer in OF_TEXTS:
        said = said.replace("cast: TODO text, privacy: TODO, action: TODO", answer, 1)
    key = "logicalType: string\n        required: true\n        primaryKey: true\n        primaryKeyPosition: 1"
    said = said.replace("logicalType: string", key, 1).replace("TODO ", "")
    contract.write_text(said)
    (contract.parent / "README.md").write_text("# A cord bank\n")


def test_one_todo_left_anywhere_keeps_a_finished_contract_out(tmp_path: Path) -> None:
    contract = drafted(tmp_path) / "unit.odcs.yaml"
    finish(contract)
    lines = contract.read_text().splitlines()
    places = [number for number, line in enumerate(lines) if ": " in line and not line.lstrip().startswith(("#", "- {"))]
    for number in places:
        before, _, value = lines[number].partition(": ")
        contract.write_text("\n".join([*lines[:number], f'{before}: "TODO"', *lines[number + 1 :]]) if not value.startswith("{") else "")
        with pytest.raises(DeclarationError):
            load_feed(contract)
    assert len(places) > 20


def test_a_finished_contract_is_staged_whole_and_what_it_feeds_waits_for_a_person(tmp_path: Path) -> None:
    folder = drafted(tmp_path)
    finish(folder / "unit.odcs.yaml")
    paths = Settings(home=tmp_path, dialect_paths=(tmp_path / "dialects",), partner_paths=())
    assert Registry.load(paths).unhealthy == []
    stage_dialect(folder, ("collection", "measurement"), None)
    view = (folder / "stg_seaview__unit.sql").read_text()
    for name in ("unit_din", "collected_date", "collected_precision", "cd34_pos_pct", "cd34_pos_pct__comparator", "tank_pos"):
        assert f"    {name},\n" in view
    assert "measurement_columns('seaview', 'unit')" in view
    assert "mother" not in view
    [waits] = Registry.load(paths).unhealthy
    assert "still to be written" in waits.what
    described = yaml.safe_load((folder / "stg_seaview.yml").read_text())
    assert {one["name"] for one in described["models"]} == {path.stem for path in folder.glob("stg_*.sql")}
    with pytest.raises(CgtError, match="there already"):
        stage_dialect(folder, (), None)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    folder = drafted(tmp_path)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(CgtError, match="there already"):
        drafted(tmp_path)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    for wrong in ("Seaview", "sea view", "../seaview", ""):
        with pytest.raises(CgtError, match="no name"):
            new_dialect(tmp_path / "dialects", wrong, (tmp_path / "stock_20251130.xlsx",))


def test_a_partner_is_drafted_with_what_its_dialects_ask_of_it(tmp_path: Path) -> None:
    registry = Registry.load(Settings(home=tmp_path))
    path = new_partner(tmp_path / "partners", "hillside", registry, ("becs_us",))
    with pytest.raises(DeclarationError, match="still to be decided"):
        load_partner(path)
    said = yaml.safe_load(path.read_text())
    assert set(said["speaks"][0]["issuers"]) == {"donor_id", "mrn", "order_id"}
    answers = {"TODO hillside": "summit_hospital", "roles: [TODO ": "roles: [", "TODO ": ""}
    text = path.read_text()
    for asked, answer in answers.items():
        text = text.replace(asked, answer)
    path.write_text(text.replace("name: TODO", "name: Main").replace("kind: summit_hospital", "kind: donor_id"))
    assert load_partner(path).roles == ["blood_centre"]
    with pytest.raises(DeclarationError, match="no dialect"):
        new_partner(tmp_path / "partners", "other", registry, ("nowhere",))


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20).filter(
    lambda name: name.strip() == name and not name.startswith(("\ufeff", "TODO"))
)


@given(st.lists(NAMES, min_size=2, max_size=6, unique=True))
@settings(max_examples=60, deadline=None)
def test_any_header_gives_a_draft_that_is_yaml_with_these_names(names: list[str]) -> None:
    from cgt_etl.contracts.formats import CsvFormat
    from cgt_etl.onboarding import draft
    from cgt_etl.onboarding.sample import Proposal, Sample

    sample = Sample(CsvFormat(format="csv"), "row", tuple(SeenColumn(name, 1, 1, False, Proposal("text")) for name in names))
    document = yaml.safe_load(draft.contract("dialect", "feed", sample, Path("a_20250101.csv")))
    properties = document["schema"][0]["properties"]
    assert [one["physicalName"] for one in properties] == names
    assert len({one["name"] for one in properties}) == len(names)
    assert all(one["name"] == slug(one["name"]) for one in properties)


def test_every_sample_of_ours_is_seen_as_its_contract_says() -> None:
    """The formats of finished contracts are an oracle for what a draft proposes."""
    for contract in sorted((PACKAGE / "dialects").glob("*/*.odcs.yaml")):
        feed = load_feed(contract)
        if feed.extension.file.format != "csv":
            continue
        for path in sorted((contract.parent / "samples").glob("*.csv")):
            content = path.read_text(encoding=feed.extension.file.encoding, errors="replace")
            header = next(csv.reader(io.StringIO(content), delimiter=feed.extension.file.delimiter))
            if set(header) != {column.physical_name for column in feed.objects[0].columns}:
                continue
            sample = look(path)
            assert sample.file.delimiter == feed.extension.file.delimiter, path.name  # type: ignore[union-attr]
            assert [one.physical_name for one in sample.columns] == header
