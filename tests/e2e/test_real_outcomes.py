"""The real transplant outcomes, released: engraftment and survival as computed straight from the publisher's file."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from fractions import Fraction

import duckdb
import pytest

from tests.e2e.conftest import REPOSITORY, Home

FILE = REPOSITORY.parent / "shared" / "real" / "transplant_uci_bmt_children" / "bone-marrow.arff"
pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.skipif(not FILE.is_file(), reason="../shared/real is not there")]
NEVER = 1_000_000

Times = list[tuple[int, bool]]
"""Per person: days at risk, and whether the event ended them."""


def as_published() -> dict[str, Times]:
    """The file's own figures, read with nothing of ours. What never came is censored when the person died or was last seen."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    names = [line.split()[1] for line in lines if line.startswith("@attribute")]
    rows = [dict(zip(names, line.split(","), strict=True)) for line in lines[lines.index("@data") + 1 :] if line.strip()]
    assert len(rows) == 187
    found: dict[str, Times] = {"neutrophil_engraftment": [], "platelet_engraftment": [], "acute_gvhd_3_to_4": [], "survival": []}
    for row in rows:
        survived = round(float(row["survival_time"]))
        found["survival"].append((survived, row["survival_status"] == "1"))
        for outcome, name in [("neutrophil_engraftment", "ANC_recovery"), ("platelet_engraftment", "PLT_recovery")]:
            day = float(row[name])
            found[outcome].append((survived, False) if day == NEVER else (round(day), True))
        # twice the file says `no` and day 100: looked at until then
        day = float(row["time_to_acute_GvHD_III_IV"])
        found["acute_gvhd_3_to_4"].append((survived if day == NEVER else round(day), row["acute_GvHD_III_IV"] == "yes"))
    return found


def product_limit(times: Times) -> list[tuple[int, Fraction]]:
    """Kaplan and Meier's estimate of being free of the event, after each day with one; exact."""
    free, curve = Fraction(1), []
    for day in sorted({day for day, has_event in times if has_event}):
        at_risk = sum(time >= day for time, _ in times)
        free *= 1 - Fraction(sum(time == day and has_event for time, has_event in times), at_risk)
        curve.append((day, free))
    return curve


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Times]]:
    root = tmp_path_factory.mktemp("transplants")
    place = root / "inbox" / "0001" / "uci_bone_marrow" / "transplant" / FILE.name
    place.parent.mkdir(parents=True)
    shutil.copyfile(FILE, place)
    home = Home(root / "home", root / "inbox", (("CGT_PARTNERS", f"={REPOSITORY / 'cgt_etl' / 'real_sources'}"),))
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
    assert sorted(released[outcome]) == sorted(as_published()[outcome])
    assert product_limit(released[outcome]) == product_limit(as_published()[outcome])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_released_curves_are_those_that_lifelines_computes_from_the_file(outcome: str, released: dict[str, Times]) -> None:
    if importlib.util.find_spec("lifelines") is None:
        pytest.skip("lifelines is not installed")
    from lifelines import KaplanMeierFitter  # not among the locked requirements

    days, events = zip(*as_published()[outcome], strict=True)
    fitted = KaplanMeierFitter().fit(days, events)
    for day, free in product_limit(released[outcome]):
        assert float(free) == pytest.approx(fitted.predict(day), abs=1e-12)
    ours = next((day for day, free in product_limit(released[outcome]) if free <= Fraction(1, 2)), float("inf"))
    assert ours == fitted.median_survival_time_
