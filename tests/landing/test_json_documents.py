"""A whole JSON document through reader, door and vault: records have numbers, and what one said is found by its number."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing import quarantine, receipt
from cgt_etl.landing.land import land
from cgt_etl.release import record_text
from cgt_etl.settings import PACKAGE, Settings
from tests.landing import bench as benches
from tests.landing.bench import NOW, tree

DOCUMENTS = [
    {
        "account": "CANARY-1",
        "response": {"activities-steps": [{"dateTime": "2025-11-24", "value": "17"}, {"dateTime": "CANARY", "value": 1}]},
    },
    {"account": "CANARY-2", "response": {"activities-steps": [{"dateTime": "2025-11-24", "value": 18.0}, "CANARY"], "CANARY 17": {}}},
]


def test_a_document_through_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in benches.environment().items():
        monkeypatch.setenv(name, value)
    settings = Settings(home=tmp_path / "home", partner_paths=(PACKAGE / "real_sources",))
    registry = Registry.load(settings)
    file = tmp_path / "step_day_20251125.json"
    file.write_text(json.dumps(DOCUMENTS), encoding="utf-8")
    delivery = land(settings, registry, registry.binding("shimmer_fitbit", "step_day"), file, NOW).delivery
    assert delivery is not None
    said = json.loads(receipt.path_of(settings, delivery).read_text(encoding="utf-8"))
    assert (said["unit"], said["position_is"], said["status"]) == ("record", "record", "landed")
    assert said["counts"]["units"] == {"in": 4, "accepted": 2, "set_aside": 2, "erased": 0}
    assert said["not_in_the_contract"] == {"(an element whose name is no name)": 1}
    rows = pl.read_parquet(delivery.folder / "accepted" / "step_day.parquet").sort("source_row")
    assert (rows["source_row"].to_list(), rows["steps"].to_list()) == ([1, 3], [17.0, 18.0])
    assert rows["account"].n_unique() == 2
    assert [(item.position, item.rule) for item in quarantine.items(settings, registry)] == [(2, "D02"), (4, "D01")]
    assert "CANARY" in quarantine.show(settings, delivery.id, 4)[0]
    assert record_text.lines(settings, delivery, 3, 3) == ["{", ' "dateTime": "2025-11-24",', ' "value": 18.0', "}"]
    assert not any(b"CANARY" in content for path, content in tree(settings.home).items() if "vault" not in str(path))
