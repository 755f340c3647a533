"""Damaged files of every dialect: each is refused with a rule or admitted with exact counts, and no message says a value."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cgt_etl.door.admit import admit
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import open_reader
from cgt_etl.landing.delivery import sequence_of
from tests.dialects.test_samples import REGISTRY, samples
from tests.extract.mutations import MARKER, MUTATORS, counted, mutated

SAMPLES = list(samples())
ROUNDS = 2
"""Of all mutators over each sample."""
SECONDS, KIBIBYTES = 30, 512 * 1024


@contextmanager
def _bounded() -> Iterator[None]:
    """One file may take half a minute and half a gibibyte, however it is damaged."""

    def too_long(*_: object) -> None:
        pytest.fail(f"more than {SECONDS} seconds")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < KIBIBYTES


def test_there_are_two_thousand_of_them() -> None:
    assert len(SAMPLES) * len(MUTATORS) * ROUNDS >= 2_000


@pytest.mark.slow
@pytest.mark.parametrize(("path", "sample"), [pytest.param(*case, id=f"{case[0].parts[-3]}-{case[0].name}") for case in SAMPLES])
def test_a_damaged_file_is_refused_or_counted_exactly(path: Path, sample: dict[str, Any], tmp_path: Path) -> None:
    content, copy = path.read_bytes(), tmp_path / path.name
    for number, mutator in enumerate(MUTATORS * ROUNDS):
        random = Random(f"{path.parts[-3]}/{path.name}/{number}")
        damaged = mutated(random, mutator, content, is_archive=path.suffix == ".xlsx")
        copy.write_bytes(damaged)
        with _bounded():
            _check(copy, damaged, sample)


def _check(path: Path, damaged: bytes, sample: dict[str, Any]) -> None:
    binding = REGISTRY.binding(sample["as"], sample["feed"])
    extension = binding.feed.extension
    reading = open_reader(extension.file, path, binding.feed.objects, ignored_elements=extension.ignored_elements)
    sequence = sequence_of(binding.sequence, path.name, "1")
    try:
        admission = admit(binding, reading, Keys(bytes(32)), frozenset(), REGISTRY, source_delivery="sample", sequence=sequence)
    except RefusedFile as error:
        assert error.rule is not None
        assert MARKER.decode() not in str(error)
        return
    counts = admission.counts
    for tally in (counts["units"], *counts["rows"].values(), counts["cells"]):
        assert tally["in"] == tally["accepted"] + tally["set_aside"] + tally["erased"]
    for spec in binding.feed.objects:
        assert admission.tables[spec.name].height == counts["rows"][spec.name]["accepted"]
    assert counts["units"]["in"] == reading.units
    assert counts["units"]["in"] == counts["rows"][binding.feed.objects[0].name]["in"]
    independent = counted(extension.file, damaged)
    assert independent in (None, counts["units"]["in"])
    said = [counts, admission.verdicts.to_dict(as_series=False), [misread.reason for misread in reading.set_aside]]
    assert MARKER.decode() not in str(said)
