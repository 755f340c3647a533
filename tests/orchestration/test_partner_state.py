"""The screen of a partner: totals over everything that it has delivered, tonight's files, and the age of the last delivery."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cgt_etl.orchestration.partner_state import metadata
from cgt_etl.settings import Settings


def delivered(raw16: str, received_at: str, status: str = "landed", units: dict[str, int] | None = None) -> Any:
    manifest = SimpleNamespace(feed="outcome", status=status, received_at=received_at, counts={"units": units} if units else {})
    return SimpleNamespace(id=f"p/outcome/{raw16}", partner="p", feed="outcome", raw16=raw16, manifest=manifest)


def test_totals_age_and_receipt(tmp_path: Path) -> None:
    listed = [
        delivered("b" * 16, "2026-02-01T00:00:00+00:00", units={"in": 10, "accepted": 8, "set_aside": 1, "erased": 1}),
        delivered("a" * 16, "2026-02-02T00:00:00+00:00", status="refused"),
    ]
    said = metadata(Settings(home=tmp_path), [], listed, [], datetime(2026, 2, 3, 12, tzinfo=UTC))
    names = ("files", "files refused", "in", "accepted", "set aside", "erased", "share set aside", "age of the last delivery (days)")
    assert [said[name] for name in names] == [2, 1, 10, 8, 1, 1, 0.1, 1.5]
    assert getattr(said["last receipt"], "path", "").endswith(f"receipts/p/outcome/{'a' * 16}.html")
    assert getattr(said["feeds"], "value", "").endswith("| outcome | 2 | 2026-02-02 00:00 | 10 | 8 | 1 | 1 | 1 |")


def test_who_has_never_delivered_has_no_age(tmp_path: Path) -> None:
    said = metadata(Settings(home=tmp_path), [], [], [], datetime(2026, 2, 3, tzinfo=UTC))
    assert said["share set aside"] == 0.0
    assert "last delivery" not in said
