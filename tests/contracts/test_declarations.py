"""Declarations: what is wrong in one is found at any depth, named by place, and costs its own folder only."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cgt_etl.contracts.formats import JsonFormat
from cgt_etl.contracts.load import load_feed, load_partner
from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import DeclarationError
from cgt_etl.settings import PACKAGE, Settings

FEEDS = sorted((PACKAGE / "dialects").glob("*/*.odcs.yaml"))
PARTNERS = sorted([*(PACKAGE / "partners").glob("*/partner.yaml"), *(PACKAGE / "real_sources").glob("*/partner.yaml")])


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: f"{path.parent.name}.{path.name}")
def test_every_contract_loads(path: Path) -> None:
    feed = load_feed(path)
    assert feed.owner, "a contract names who answers for it"
    assert feed.description
    assert all(column.extension.reason for spec in feed.objects for column in spec.columns if column.extension.action == "drop")


@pytest.mark.parametrize("path", PARTNERS, ids=lambda path: path.parent.name)
def test_every_partner_loads(path: Path) -> None:
    assert load_partner(path).partner == path.parent.name


def mappings(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every mapping inside a document is."""
    if isinstance(value, dict):
        yield place
        for key, part in value.items():
            yield from mappings(part, (*place, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from mappings(part, (*place, index))


FREE = {"missing", "values", "arguments", "ignored_elements", "issuers", "namespaces"}  # mappings whose keys are data of the declaration


def _typo(document: Any, place: tuple[Any, ...]) -> Any:
    broken = copy.deepcopy(document)
    inner = broken
    for step in place:
        inner = inner[step]
    inner["nmae"] = "typo"
    return broken


def _closed_mappings(path: Path) -> list[tuple[Any, ...]]:
    return [place for place in mappings(yaml.safe_load(path.read_text())) if not (place and place[-1] in FREE)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["becs_us/apheresis", "ehr_fhir_r4/observation", "registry_ct/outcome", "qc_coa/certificate"])
def test_a_typo_at_any_depth_of_a_contract_is_an_error(name: str, tmp_path: Path) -> None:
    path = PACKAGE / "dialects" / f"{name}.odcs.yaml"
    document = yaml.safe_load(path.read_text())
    broken = tmp_path / path.name
    shapes = {tuple("#" if isinstance(step, int) else step for step in place): place for place in _closed_mappings(path)}
    for place in shapes.values():  # one of each kind of place
        broken.write_text(yaml.safe_dump(_typo(document, place), allow_unicode=True))
        with pytest.raises(DeclarationError) as caught:
            load_feed(broken)
        assert path.name in str(caught.value), place


@pytest.mark.parametrize("value", [date(2025, 1, 1), {1: "a"}, float("nan")], ids=["a date", "a number as key", "no number"])
def test_what_json_cannot_say_is_an_error_of_ours(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "apheresis.odcs.yaml"
    document = yaml.safe_load((PACKAGE / "dialects" / "becs_us" / "apheresis.odcs.yaml").read_text())
    path.write_text(yaml.safe_dump(document | {"dataProduct": value}))
    with pytest.raises(DeclarationError, match=r"unquoted|ODCS says"):
        load_feed(path)


@pytest.mark.parametrize("path", PARTNERS[:2], ids=lambda path: path.parent.name)
def test_a_typo_at_any_depth_of_a_partner_is_an_error(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / path.parent.name
    folder.mkdir()
    for place in _closed_mappings(path):
        (folder / "partner.yaml").write_text(yaml.safe_dump(_typo(yaml.safe_load(path.read_text()), place)))
        with pytest.raises(DeclarationError):
            load_partner(folder / "partner.yaml")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.pop("privacy"), "privacy"),
        (lambda c: c.pop("action"), "action"),
        (lambda c: c.update(action="keep", privacy="direct"), "kept"),
        (lambda c: c.update(action="drop"), "reason"),
        (lambda c: c.update(cast="integer"), "identifier"),
        (lambda c: c.update(part="(.*)"), "a group named `part`"),
        (lambda c: c.update(part="(?P<part>"), "no regular expression"),
    ],
    ids=[
        "no privacy class", "no action", "direct kept", "dropped without reason", "identifier read as number", "a part that names none",
        "a part that is no pattern",
    ],
)  # fmt: skip
def test_a_column_that_leaves_something_open_is_refused(change: Any, says: str, tmp_path: Path) -> None:
    path = PACKAGE / "dialects/becs_us/apheresis.odcs.yaml"
    document = yaml.safe_load(path.read_text())
    column = next(p for p in document["schema"][0]["properties"] if p["physicalName"] == "DIN")
    change(column["customProperties"][0]["value"])
    (tmp_path / path.name).write_text(yaml.safe_dump(document, allow_unicode=True))
    with pytest.raises(DeclarationError, match=says):
        load_feed(tmp_path / path.name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda document: document["schema"].pop(), "a form has two objects"),
        (lambda document: document["schema"][1].pop("customProperties"), "a form has two objects"),
        (lambda document: document["customProperties"][0]["value"]["file"].pop("form"), "a plain table of a workbook has one"),
        (lambda document: document["customProperties"][0]["value"]["file"].update(header_row=3), "for a plain table"),
        (
            lambda document: document["schema"][0]["properties"][0]["customProperties"][0]["value"].update(may_lack=True),
            "required or of the key",
        ),
    ],
    ids=["no lines", "lines that are not in the table", "lines without a form", "a form with a header row", "a form without its key"],
)
def test_a_form_is_declared_whole(change: Any, says: str, tmp_path: Path) -> None:
    path = PACKAGE / "dialects/qc_coa/certificate.odcs.yaml"
    document = yaml.safe_load(path.read_text())
    change(document)
    (tmp_path / path.name).write_text(yaml.safe_dump(document, allow_unicode=True))
    with pytest.raises(DeclarationError, match=says):
        load_feed(tmp_path / path.name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda file, _: file["head"].update(columns=["logger", "serial"]), "`serial` is no column"),
        (lambda file, columns: file["head"].update(columns=[one["name"] for one in columns]), "a column of its own"),
        (lambda file, _: file.update(header_lines=3), "for a plain table"),
        (lambda _, columns: columns[2]["customProperties"][0]["value"].update(cast="text"), "`zone`, which is no code column"),
        (lambda _, columns: columns[4]["customProperties"][0]["value"].update(zone_column="zone"), "only an instant"),
        (lambda _, columns: columns[4]["customProperties"][0]["value"].update(may_lack=True), "found by all its columns"),
    ],
    ids=[
        "an unknown column",
        "no table",
        "header lines",
        "a zone that is no code",
        "a number in a zone",
        "a table that is not found",
    ],
)
def test_a_head_and_its_zone_are_declared_whole(change: Any, says: str, tmp_path: Path) -> None:
    path = PACKAGE / "dialects/courier_logger/reading.odcs.yaml"
    document = yaml.safe_load(path.read_text())
    change(document["customProperties"][0]["value"]["file"], document["schema"][0]["properties"])
    (tmp_path / path.name).write_text(yaml.safe_dump(document, allow_unicode=True))
    with pytest.raises(DeclarationError, match=says):
        load_feed(tmp_path / path.name)


def test_a_key_given_twice_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "apheresis.odcs.yaml"
    text = (PACKAGE / "dialects/becs_us/apheresis.odcs.yaml").read_text()
    path.write_text(text + "\nstatus: draft\n")
    with pytest.raises(DeclarationError, match="given twice") as caught:
        load_feed(path)
    assert caught.value.position


def test_an_unhealthy_folder_is_left_out_and_named(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE / "partners", tmp_path / "partners")
    victim = sorted((tmp_path / "partners").iterdir())[0]
    (victim / "partner.yaml").write_text("partner: [")
    (tmp_path / "partners" / "empty_folder").mkdir()
    registry = Registry.load(Settings(home=tmp_path, partner_paths=(tmp_path / "partners",)))
    healthy = Registry.load(Settings(home=tmp_path))
    assert set(healthy.partners) - set(registry.partners) == {victim.name}
    assert len(registry.unhealthy) == 2
    assert {victim.name, "empty_folder"} == {
        name for name in (victim.name, "empty_folder") if any(name in str(e) for e in registry.unhealthy)
    }


def test_an_unknown_partner_and_feed_are_named() -> None:
    registry = Registry.load(Settings(home=Path("nowhere")))
    with pytest.raises(DeclarationError, match="unknown partner"):
        registry.binding("nobody", "apheresis")
    with pytest.raises(DeclarationError, match="promised: apheresis"):
        registry.binding("northgate_blood_centre", "outcome")


def test_a_partner_may_send_documents_where_the_contract_says_lines(tmp_path: Path) -> None:
    registry = Registry.load(Settings(home=tmp_path, partner_paths=(PACKAGE / "real_sources",)))
    sent = registry.binding("cibmtr_ig_examples", "observation").feed.extension
    assert sent.file == JsonFormat(format="json", records="entry.resource", is_alone_allowed=True, resource_type="Observation")
    assert sent.unit == "record"
    [said] = [feed.extension for feed in registry.feeds if (feed.dialect, feed.name) == ("ehr_fhir_r4", "observation")]
    assert (said.file.format, said.unit) == ("ndjson", "resource")


def test_a_partner_of_a_table_sends_no_documents(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE / "real_sources" / "uci_bone_marrow", tmp_path / "uci_bone_marrow")
    file = tmp_path / "uci_bone_marrow" / "partner.yaml"
    file.write_text(file.read_text().replace("{dialect: uci_bmt, site: main}", "{dialect: uci_bmt, site: main, document: {records: rows}}"))
    [error] = Registry.load(Settings(home=tmp_path, partner_paths=(tmp_path,))).unhealthy
    assert "sends JSON documents where uci_bmt has no JSON lines: transplant" in str(error)
