"""The real transplant outcomes, released: engraftment and survival as computed straight from the publisher's file."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt_parse import take_along
from tests.e2e.conftest import REPOSITORY, Home
from tests.oracles.survival import Times, as_published

FILE = REPOSITORY.parent / "shared" / "real" / "transplant_uci_bmt_children" / "bone-marrow.arff"
pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.skipif(not FILE.is_file(), reason="../shared/real is not there")]
ORACLE = REPOSITORY / ".venv-oracle" / "bin" / "python"


def product_limit(times: Times) -> list[tuple[int, Fraction]]:
    """Kaplan and Meier's estimate of being free of the event, after each day with one; exact."""
    free, curve = Fraction(1), []
    for day in sorted({day for day, has_event in times if has_event}):
        at_risk = sum(time >= day for time, _ in times)
        free *= 1 - Fraction(sum(time == day and has_event for time, has_event in times), at_risk)
        curve.append((day, free))
    return curve


@pytest.fixture(scope="module")
def released(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Times]]:
    root = tmp_path_factory.mktemp("transplants")
    place = root / "inbox" / "0001" / "uci_bone_marrow" / "transplant" / FILE.name
    place.parent.mkdir(parents=True)
    shutil.copyfile(FILE, place)
    home = Home(root / "home", root / "inbox", (("CGT_PARTNERS", f"={REPOSITORY / 'cgt_etl' / 'real_sources'}"),))
    take_along(parsed, home.path)
    home.run("--night", "0001")
    with duckdb.connect(str(home.release / "warehouse.duckdb"), read_only=True) as warehouse:
        rows = warehouse.sql(
            "select outcome_type, time_to_event_days, not is_censored from outcome where is_censored is not null"
        ).fetchall()
    found: dict[str, Times] = {}
    for outcome, days, has_event in rows:
        found.setdefault(outcome, []).append((days, has_event))
    yield found


OUTCOMES = ["neutrophil_engraftment", "platelet_engraftment", "acute_gvhd_3_to_4", "survival"]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_released_times_at_risk_are_those_of_the_file(outcome: str, released: dict[str, Times]) -> None:
    published = as_published(FILE)[outcome]
    assert sorted(released[outcome]) == sorted(published)
    assert product_limit(released[outcome]) == product_limit(published)


@pytest.fixture(scope="module")
def estimated() -> dict[str, Any]:
    """What lifelines makes of the file, in an environment of its own (it wants an older pandas)."""
    if not ORACLE.exists():
        pytest.skip("there is no .venv-oracle; `make test` makes it")
    script = REPOSITORY / "tests" / "oracles" / "survival.py"
    done = subprocess.run([ORACLE, script, FILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_released_curves_are_those_that_lifelines_computes_from_the_file(
    outcome: str, estimated: dict[str, Any], released: dict[str, Times]
) -> None:
    curve, theirs = product_limit(released[outcome]), estimated[outcome]
    assert len(curve) > 5
    for day, free in curve:
        assert theirs["free"][str(day)] == pytest.approx(float(free), abs=1e-12)
    assert next((day for day, free in curve if free <= Fraction(1, 2)), None) == theirs["median"]
