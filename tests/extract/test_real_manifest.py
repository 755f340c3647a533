"""Every third-party file of ../shared/real is landed by `make real`, or left out for a reason that stands here."""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath

import pytest

from scripts.real import REAL, layout

pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not there")]

NO_EXPORT = ("*/LICENSE*", "*.pdf", "*.md")
"""Licences and papers beside the exports."""
LEFT_OUT = {
    "fhir_bulk_synthea10/log.ndjson": "the protocol of a bulk export: what was asked, and which files were written",
    "instruments_allotropy/asm_expected/qiacuity_dpcr_example01.json": "what another program makes of an export, and what ours is held to",
    "fhir_cibmtr_ig/ValueSet-cibmtr-priority-variables-2022.json": "a list of codes, and about nobody",
}
"""File -> why it is no delivery of anybody's."""


def test_every_file_lands_or_has_its_reason() -> None:
    with (REAL / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["path"] for row in csv.DictReader(file)}
    landed = {file.relative_to(REAL).as_posix() for files in layout(Path()).values() for file, _ in files}
    assert landed <= listed
    exports = {path for path in listed if not _is_one_of(path, NO_EXPORT)}
    assert exports - landed == set(LEFT_OUT)


def _is_one_of(path: str, patterns: tuple[str, ...]) -> bool:
    return any(PurePosixPath(path).match(pattern) for pattern in patterns)
