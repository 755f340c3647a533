"""Error declarations of third-party EPCIS documents do what the standard says: the event is withdrawn, what corrects it stands.

EPCIS 2.0, 7.4.1.2: an event with an `errorDeclaration` repeats the event that it withdraws in everything else; `correctiveEventIDs` names
the events that say it right, which come by themselves.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys
from cgt_etl.identity.build import build
from cgt_etl.landing.delivery import deliveries
from cgt_etl.landing.land import land
from cgt_etl.settings import REPOSITORY, Settings

REAL = REPOSITORY.parent / "shared" / "real" / "epcis_openepcis" / "valid"
FILES = ["ObjectEvent_with_error_declaration", "TransformationEvent_with_error_declaration", "SensorData_with_combined_events"]

pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not there")]

REGISTRY = Registry.load(Settings(home=Path("/nowhere")))
Event = dict[str, Any]


def declared_in(name: str) -> Event:
    """The first event of a document that declares an error."""
    events = json.loads((REAL / f"{name}.json").read_text(encoding="utf-8"))["epcisBody"]["eventList"]
    return next(event for event in events if "errorDeclaration" in event)


def standing(home: Path, nights: dict[str, list[Event]]) -> set[tuple[str, str | None]]:
    """Day and id of the events that stand after these days' files have landed in the order given."""
    home.mkdir()
    (home / "key").write_text("A" * 43 + "=", encoding="ascii")
    settings = Settings(home=home / "cgt", master_key_file=home / "key")
    for day, events in nights.items():
        file = home / f"epcis_{day}.jsonl"
        file.write_text("\n".join(json.dumps(event) for event in events), encoding="utf-8")
        land(settings, REGISTRY, REGISTRY.binding("swiftline_couriers", "epcis"), file, datetime(2025, 11, 8, tzinfo=UTC))
    landed = {one.id: one for one in deliveries(settings)}
    assert all(one.manifest.counts["units"]["set_aside"] == 0 for one in landed.values())
    tables = build(settings, REGISTRY, landed.values(), Keys(settings.master_key), settings.home / "identity").folder
    return {
        (landed[row["source_delivery"]].sequence, nights[landed[row["source_delivery"]].sequence][row["source_row"] - 1].get("eventID"))
        for row in pq.read_table(tables / "record.parquet").to_pylist()
        if row["is_current"] and row["object"] == "courier_epcis__epcis__epcis"
    }


@pytest.mark.parametrize("name", FILES)
def test_the_event_is_withdrawn_and_what_corrects_it_stands(name: str, tmp_path: Path) -> None:
    declaration = declared_in(name)
    original = {key: cell for key, cell in declaration.items() if key != "errorDeclaration"}
    named = declaration["errorDeclaration"].get("correctiveEventIDs") or ["urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]
    corrective = [{**original, "eventID": id_, "disposition": "damaged"} for id_ in named]
    days = {"20251105": [original], "20251106": [declaration], "20251107": corrective}
    assert standing(tmp_path / "before", {"20251105": [original]}) == {("20251105", original.get("eventID"))}
    for number, order in enumerate((sorted(days), sorted(days, reverse=True))):
        assert standing(tmp_path / f"{number}", {day: days[day] for day in order}) == {("20251107", id_) for id_ in named}


def test_a_declaration_of_what_never_came_is_no_event(tmp_path: Path) -> None:
    assert standing(tmp_path / "alone", {"20251106": [declared_in(FILES[0])]}) == set()


def test_an_event_said_again_after_its_declaration_stands_again(tmp_path: Path) -> None:
    declaration = declared_in(FILES[0])
    original = {key: cell for key, cell in declaration.items() if key != "errorDeclaration"}
    nights = {"20251105": [original], "20251106": [declaration], "20251107": [original]}
    assert standing(tmp_path / "again", nights) == {("20251107", original["eventID"])}
