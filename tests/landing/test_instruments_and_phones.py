"""A flow cytometer's file and a phone's export through the door: names that stand in them stay in the vault, for who holds the key."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing import receipt
from cgt_etl.landing.delivery import Delivery
from cgt_etl.landing.land import land
from cgt_etl.release import record_text
from cgt_etl.settings import PACKAGE, Settings
from tests.extract.fcs_files import fcs
from tests.landing import bench as benches
from tests.landing.bench import NOW, tree

NAMES = {"$OP": "CANARY-OP", "$SRC": "CANARY-SRC", "SAMPLE ID": "CANARY-SAMPLE", "$FIL": "CANARY.fcs", "$COM": "CANARY", "CANARY 17": "x"}
FLOW = fcs([("FSC-H", 16, 1024)], [(17,), (19,)], NAMES)
EXPORT = """<!DOCTYPE HealthData [
<!ELEMENT HealthData (Record*)>
<!ATTLIST Record type CDATA #REQUIRED>
]>
<HealthData locale="CANARY">
 <Record type="HKQuantityTypeIdentifierStepCount" sourceName="CANARY's Watch" device="&lt;name:CANARY, hardware:Watch6,4, x&gt;"
  unit="count"
  startDate="2025-11-24 08:00:00 +0100" endDate="2025-11-24 08:01:00 +0100" value="17"/>
</HealthData>
"""


def _landed(monkeypatch: pytest.MonkeyPatch, home: Path, partner: str, feed: str, file: Path) -> tuple[Settings, Delivery]:
    for name, value in benches.environment().items():
        monkeypatch.setenv(name, value)
    settings = Settings(home=home, partner_paths=(PACKAGE / "real_sources",))
    registry = Registry.load(settings)
    delivery = land(settings, registry, registry.binding(partner, feed), file, NOW).delivery
    assert delivery is not None
    said = json.loads(receipt.path_of(settings, delivery).read_text(encoding="utf-8"))
    assert (said["position_is"], said["counts"]["units"]["accepted"], said["status"]) == ("record", 1, "landed")
    assert not any(b"CANARY" in content for path, content in tree(settings.home).items() if "vault" not in str(path))
    return settings, delivery


def test_an_acquisition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tube.fcs"
    file.write_bytes(FLOW)
    settings, delivery = _landed(monkeypatch, tmp_path / "home", "flowio_examples", "acquisition", file)
    [row] = pl.read_parquet(delivery.folder / "accepted" / "parameter.parquet").to_dicts()
    assert (row["parameter_name"], row["mean"], row["source_row"], row["source_item"]) == ("FSC-H", 18.0, 1, 0)
    assert "$OP: CANARY-OP" in record_text.lines(settings, delivery, 1, 1)


def test_an_export_of_a_phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "record_20251125.xml"
    file.write_text(EXPORT, encoding="utf-8")
    settings, delivery = _landed(monkeypatch, tmp_path / "home", "apple_health_examples", "record", file)
    [row] = pl.read_parquet(delivery.folder / "accepted" / "record.parquet").to_dicts()
    assert (row["value"], row["category"], row["device_model"], row["started_local"]) == (17.0, None, "Watch6,4", "2025-11-24T08:00:00")
    assert row["source"] is not None
    assert "CANARY" in record_text.lines(settings, delivery, 1, 1)[0]
