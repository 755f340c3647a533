"""A change of what is released needs a version and a note; a column that is not described is not released."""

from __future__ import annotations

from pathlib import Path

import pytest

from cgt_etl.errors import DeclarationError
from cgt_etl.release import described, marts
from cgt_etl.release.plan import SCHEMA_VERSION
from scripts import schema

BEFORE: schema.Columns = {("bag", "bag_id"): ("string", "", "quasi"), ("bag", "volume_ml"): ("double", "mL", "none")}


def test_what_is_released_has_its_version_and_its_note() -> None:
    assert schema.problems(SCHEMA_VERSION, schema.declared(), schema.NOTES.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("now", "version", "note", "said"),
    [
        (BEFORE, "1.0.0", "", []),
        (BEFORE | {("bag", "is_cord"): ("boolean", "", "none")}, "1.0.0", "`bag`", ["raise SCHEMA_VERSION"]),
        (BEFORE | {("bag", "is_cord"): ("boolean", "", "none")}, "1.0.1", "`bag`", ["bag.is_cord came", "new minor version"]),
        (BEFORE | {("bag", "is_cord"): ("boolean", "", "none")}, "1.1.0", "more", ["does not speak of bag"]),
        (BEFORE | {("bag", "is_cord"): ("boolean", "", "none")}, "1.1.0", "`bag`", []),
        (BEFORE | {("bag", "bag_id"): ("string", "", "none")}, "1.1.0", "`bag`", []),
        (BEFORE | {("bag", "volume_ml"): ("double", "L", "none")}, "1.1.0", "`bag` `volume_ml`", ["bag.volume_ml", "new major version"]),
        ({("bag", "bag_id"): ("string", "", "quasi")}, "1.1.0", "`bag` `volume_ml`", ["bag.volume_ml went", "new major version"]),
        ({("bag", "bag_id"): ("string", "", "quasi")}, "2.0.0", "`bag`", ["does not speak of bag.volume_ml"]),
        ({("bag", "bag_id"): ("string", "", "quasi")}, "2.0.0", "`bag` `volume_ml`", []),
    ],
)
def test_what_a_change_needs(now: schema.Columns, version: str, note: str, said: list[str], tmp_path: Path) -> None:
    schema.write("1.0.0", BEFORE, tmp_path)
    if version != "1.0.0":
        schema.write(version, now, tmp_path)
    found = schema.problems(version, now, f"# Migrations\n\n## {version}\n\n{note}\n\n## 0.9.0\n\n`bag` `volume_ml`\n", tmp_path)
    assert bool(found) == bool(said), found
    assert [words for words in said if not any(words in sentence for sentence in found)] == []


def test_a_version_without_a_section_is_not_released(tmp_path: Path) -> None:
    schema.write("1.0.0", BEFORE, tmp_path)
    assert "no section `## 1.0.0`" in schema.problems("1.0.0", BEFORE, "# Migrations\n", tmp_path)[0]


@pytest.mark.parametrize(
    ("without", "remedy"),
    [("description", "`description`"), ("unit", "`unit`"), ("privacy", "`privacy`"), ("source", "`source`"), ("data_type", "`data_type`")],
)
def test_a_column_that_is_not_described_stops_the_build(without: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = (
        "models:\n  - name: bag\n    description: One row is one bag.\n    config: {{meta: {{primary_key: [bag_id], traced_by: record}}}}\n"
    )
    columns = "    columns:\n      - {{name: bag_id, {description}{data_type}config: {{meta: {{{unit}{privacy}{source}}}}}}}\n"
    said = {"description": "description: Key of the bag., ", "data_type": "data_type: string, "}
    said |= {"unit": "unit: null, ", "privacy": "privacy: quasi, ", "source": "source: derived"}
    monkeypatch.setattr(marts, "FOLDER", tmp_path)
    (tmp_path / "bags.yml").write_text((model + columns).format(**said), encoding="utf-8")
    [mart] = marts.load()
    assert mart.columns[0].meaning == "Key of the bag."
    (tmp_path / "bags.yml").write_text((model + columns).format(**said | {without: ""}), encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"`bag\.bag_id` is not described") as raised:
        marts.load()
    assert remedy in (raised.value.remedy or "")


@pytest.mark.parametrize(
    ("type_", "said", "beside", "is_fine"),
    [
        ("double", {"unit": None, "privacy": "none", "source": "derived"}, {"volume"}, False),
        ("double", {"unit": None, "privacy": "none", "source": "derived"}, {"volume", "unit"}, True),
        ("double", {"unit": "milli litres", "privacy": "none", "source": "derived"}, {"volume"}, False),
        ("string", {"unit": None, "privacy": "direct", "source": "derived"}, {"volume"}, False),
        ("string", {"unit": None, "privacy": "secret", "source": "derived"}, {"volume"}, False),
        ("string", {"unit": None, "privacy": "none", "source": "hearsay"}, {"volume"}, False),
        ("string", {"unit": None, "privacy": "none", "source": "derived"}, {"volume"}, True),
    ],
)
def test_what_is_said_must_mean_something(type_: str, said: dict[str, object], beside: set[str], is_fine: bool) -> None:
    assert (described.missing("volume", type_, "Volume of the bag.", said, frozenset(beside)) == []) == is_fine
