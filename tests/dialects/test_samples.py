"""The samples of every dialect through its reader and the door: each record becomes what `expected.yaml` says, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.admit import Admission, admit
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import open_reader
from cgt_etl.landing.delivery import sequence_of
from cgt_etl.landing.rehearse import rehearse
from cgt_etl.settings import PACKAGE, Settings
from tests.dialects import flow_samples

PARTNERS = (PACKAGE / "partners", PACKAGE / "real_sources")
REGISTRY = Registry.load(Settings(home=Path("/nowhere"), partner_paths=PARTNERS))
Verdict = dict[str, Any]


def samples() -> Iterator[tuple[Path, Verdict]]:
    for path in sorted((PACKAGE / "dialects").glob("*/samples/expected.yaml")):
        for sample in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield path.parent / sample["file"], sample


def _admitted(path: Path, sample: Verdict) -> Admission:
    binding = REGISTRY.binding(sample["as"], sample["feed"])
    extension = binding.feed.extension
    reading = open_reader(extension.file, path, binding.feed.objects, ignored_elements=extension.ignored_elements)
    sequence = sequence_of(binding.sequence, path.name, "1")
    return admit(binding, reading, Keys(bytes(32)), frozenset(), REGISTRY, source_delivery="sample", sequence=sequence)


def _expected(said: Verdict | str) -> dict[str, Any]:
    if isinstance(said, str):
        assert said == "accepted"
        return {}
    return {key: value for key, value in said.items() if key != "why"}


@pytest.mark.parametrize(("path", "sample"), [pytest.param(*case, id=f"{case[0].parts[-3]}-{case[0].name}") for case in samples()])
def test_records_become_what_is_expected(path: Path, sample: Verdict) -> None:
    if "refused" in sample:
        with pytest.raises(RefusedFile):
            _admitted(path, sample)
        return
    admission = _admitted(path, sample)
    binding = REGISTRY.binding(sample["as"], sample["feed"])
    record = binding.feed.objects[0].name
    found: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for verdict in admission.verdicts.iter_rows(named=True):
        of = found[verdict["source_row"]]
        column = verdict["column"] or "record"
        name = column if verdict["object"] in (record, None) else f"{column}.{verdict['source_item']}"
        if verdict["effect"] == "row":
            of["aside"] = verdict["rule"]
        else:
            of.setdefault("cells" if verdict["effect"] == "cell" else "flags", {})[name] = verdict["rule"]
    for position in set(admission.tables[record]["source_row"].to_list()) - set(found):
        found[position] = {}
    for of in found.values():
        if "aside" in of:
            of.pop("cells", None)
            of.pop("flags", None)
    assert dict(found) == {position: _expected(said) for position, said in sample["rows"].items()}


@pytest.mark.slow
@pytest.mark.parametrize(("path", "sample"), [pytest.param(*case, id=f"{case[0].parts[-3]}-{case[0].name}") for case in samples()])
def test_a_rehearsal_of_a_sample_tells_whether_all_of_it_would_land(path: Path, sample: Verdict, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    (tmp_path / "envelope.json").write_text('{"sequence": "1"}', encoding="utf-8")
    settings = Settings(home=tmp_path / "home", partner_paths=PARTNERS)
    tried = rehearse(settings, REGISTRY, sample["as"], sample["feed"], copy)
    expected = [_expected(said) for said in sample.get("rows", {}).values()]
    assert tried.is_clean == ("refused" not in sample and not any("aside" in said or "cells" in said for said in expected))


def test_the_files_of_a_flow_cytometer_are_as_their_script_writes_them() -> None:
    assert flow_samples.samples() == {path.name: path.read_bytes() for path in flow_samples.FOLDER.glob("*.fcs")}


def test_every_dialect_and_every_sample_file_is_judged() -> None:
    judged = {path for path, _ in samples()}
    for folder in sorted((PACKAGE / "dialects").iterdir()):
        if folder.is_dir():
            files = {path for path in (folder / "samples").iterdir() if path.name != "expected.yaml"}
            assert files, folder.name
            assert files <= judged
