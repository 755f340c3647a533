"""The check of a feed says whether it came as promised, and a broken promise stops nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import dagster as dg
import pytest

from cgt_etl.orchestration import promise_checks as module
from tests.orchestration.conftest import Stage

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("days", "passes"), [(7, True), (8, False)])
def test_a_late_feed_warns_and_the_run_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch, days: int, passes: bool) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    came = SimpleNamespace(received_at=now.isoformat(), sequence="20260101", sha256="")
    one = SimpleNamespace(partner="cell_outcomes_registry", feed="outcome", status="landed", manifest=came)
    monkeypatch.setattr(module, "deliveries", lambda _: [one])
    night = SimpleNamespace(registry=stage.registry, settings=stage.settings, received_at=now + timedelta(days=days))
    done = dg.materialize(module.promise_checks(stage.registry), resources={"night": night}, selection=dg.AssetSelection.all_asset_checks())
    assert done.success
    (check,) = done.get_asset_check_evaluations()
    assert (check.passed, check.severity, check.blocking) == (passes, dg.AssetCheckSeverity.WARN, False)
    assert check.metadata["verdict"].value == ("on time" if passes else "late")
