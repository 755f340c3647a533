"""What a night rests on, and what of it is new."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.landing.delivery import Delivery
from cgt_etl.release import night_record
from cgt_etl.release import plan as planning
from cgt_etl.release.read import Release
from cgt_etl.settings import REPOSITORY, Settings
from tests.release import sample

pytestmark = pytest.mark.slow


def test_the_first_night_is_a_full_build(home: Path) -> None:
    made = sample.planned(home, "one", "two")
    assert made.base is None
    assert made.previous is None
    assert made.changed == sorted(sample.delivered(name, home).id for name in ("one", "two"))
    assert made.removed == []
    assert not made.is_nothing_new
    assert not made.is_addition


def test_order_of_deliveries_does_not_matter(home: Path) -> None:
    assert sample.planned(home, "one", "two") == sample.planned(home, "two", "one")


def test_the_same_inputs_are_nothing_new_while_the_release_is_whole(first: Release, home: Path) -> None:
    made = sample.planned(home, "one")
    assert made.is_nothing_new
    assert made.changed == []
    first.parquet("batch")[0].unlink()
    assert not sample.planned(home, "one").is_nothing_new


def test_deliveries_that_came_changed_and_went(first: Release, home: Path) -> None:
    one, two = sample.delivered("one", home), sample.delivered("two", home)
    added = sample.planned(home, "one", "two")
    assert added.base == first
    assert added.changed == [two.id]
    assert added.is_addition
    is_other = mock.patch.object(sample, "delivered", lambda *_: replace(one, door16="e" * 16))
    with is_other, mock.patch.object(Delivery, "manifest", mock.Mock(counts={})):
        relanded = sample.planned(home, "one")
    assert (relanded.changed, relanded.removed, relanded.is_addition) == ([one.id], [], False)
    gone = sample.planned(home, "two")
    assert (gone.changed, gone.removed, gone.is_addition) == ([two.id], [one.id], False)


@pytest.mark.parametrize("lost", ["duckdb", "identity"])
def test_without_its_build_a_release_cannot_be_grown(lost: str, first: Release, home: Path) -> None:
    path = home / "builds" / f"{first.id}.{lost}"
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    made = sample.planned(home, "one", "two")
    assert made.base is None
    assert len(made.changed) == 2
    assert made.previous == first


@pytest.mark.usefixtures("first")
def test_other_code_means_a_full_build(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SCHEMA_VERSION", "9.0.0")
    made = sample.planned(home, "one")
    assert made.base is None
    assert not made.is_nothing_new
    assert not made.is_addition


def test_the_code_that_counts(home: Path) -> None:
    names = {name for name, _ in planning._code(sample.registry(home))}
    assert "cgt_etl/release/plan.py" in names
    assert "dbt_project/dbt_project.yml" in names
    assert not [
        name for name in names if name.startswith(("cgt_etl/simulator", "cgt_etl/cli", "dbt_project/sources", "dbt_project/target"))
    ]


def test_a_plan_needs_none_of_the_heavy_libraries() -> None:
    program = (
        "import sys\n"
        "from cgt_etl.release import plan, read, night_record\n"
        "print(sorted({'duckdb', 'polars', 'pandas', 'pyarrow', 'pandera', 'dbt', 'dagster', 'great_expectations'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_as_of_uses_the_list_and_the_doors_of_that_night(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = sample.settings(home)
    earlier = sample.planned(home, "one")
    night_record.write(
        settings,
        night_record.NightRecord(1, "released", "0001-x", earlier.inputs_hash, earlier.inputs["deliveries"], "2025-01-01T00:00:00+00:00"),
    )
    known = {sample.delivered(name, home).id: sample.delivered(name, home) for name in ("one", "two")}
    monkeypatch.setattr(planning, "_code", lambda _: [])
    monkeypatch.setattr(planning, "declared", lambda _, listed: list(listed))
    monkeypatch.setattr(planning, "delivery", lambda _, id_, door16: replace(known[id_], door16=door16))
    made = planning.as_of(settings, sample.registry(home), 1)
    assert made.inputs_hash == earlier.inputs_hash
    assert made.changed == [sample.delivered("one", home).id]
    assert made.base is None
    with pytest.raises(CgtError, match="night 0002 has no readable record"):
        planning.as_of(settings, sample.registry(home), 2)


def test_a_night_record_is_read_back(home: Path) -> None:
    settings = sample.settings(home)
    record = night_record.NightRecord(3, "held", None, "f" * 64, {"a/b/c": {"door16": "d" * 16}}, "2025-01-01T00:00:00+00:00", ["gate"])
    night_record.write(settings, record)
    assert night_record.load(settings, 3) == record
    assert night_record.nights(settings) == [3]


def test_what_an_undeclared_partner_or_contract_delivered_waits(home: Path) -> None:
    registry = Registry.load(Settings(home))
    binding = registry.bindings[0]
    known = replace(sample.delivered("one", home), partner=binding.partner.partner, dialect=binding.feed.dialect, feed=binding.feed.name)
    listed = [known, replace(known, partner="gone"), replace(known, dialect="gone"), replace(known, feed="gone")]
    assert planning.declared(registry, listed) == [known]


@pytest.mark.parametrize("status", ["failed", "held"])
def test_a_release_whose_night_says_something_else_is_not_told_of(status: night_record.Status, first: Release, home: Path) -> None:
    settings = sample.settings(home)
    assert not night_record.tells_of(settings, first)
    for release_id, is_told in ((None, False), (first.id, True)):
        night_record.write(settings, night_record.NightRecord(first.night, status, release_id, first.inputs_hash, {}, "2025-01-01"))
        assert night_record.tells_of(settings, first) == is_told
