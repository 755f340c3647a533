"""The logs for process-mining tools: the standards' forms, and the durations that the release itself gives."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cgt_etl.cli import cgt_etl
from cgt_etl.errors import CgtError
from cgt_etl.handoffs.mining import FORMATS, write_log, xes
from cgt_etl.handoffs.mining.logged import NOT_DONE, Case, Logged
from cgt_etl.release.read import Release
from cgt_etl.settings import REPOSITORY
from tests.genealogy.released import release

ORACLE = REPOSITORY / ".venv-oracle" / "bin" / "python"
STEPS = ("apheresis_started", "apheresis_completed", "shipment_packed", "shipment_dispatched", "shipment_received", "infusion_started")
START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
"""The night in which clocks in Europe go forward: an instant is an instant."""
ODD = 'Cell & <Gene> "A"\x0b'
"""A name with all that XML escapes, and a character that it cannot hold."""
Rows = dict[str, list[dict[str, object]]]

TEXT = {"type": "string"}
RELATED = {
    "type": "array",
    "items": {"type": "object", "properties": {"objectId": TEXT, "qualifier": TEXT}, "required": ["objectId", "qualifier"]},
}


def listed(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": properties, "required": list(required)}}


TYPES = listed("name", "attributes", name=TEXT, attributes=listed("name", "type", name=TEXT, type={"enum": ["string"]}))
TIME = {"type": "string", "format": "date-time"}
OCEL = {
    "type": "object",
    "required": ["eventTypes", "objectTypes", "events", "objects"],
    "properties": {
        "eventTypes": TYPES,
        "objectTypes": TYPES,
        "events": listed(
            "id", "type", "time", id=TEXT, type=TEXT, time=TIME, attributes=listed("name", "value", name=TEXT), relationships=RELATED
        ),
        "objects": listed(
            "id", "type", id=TEXT, type=TEXT, attributes=listed("name", "value", "time", name=TEXT, time=TIME), relationships=RELATED
        ),
    },
}
"""What the standard's JSON schema asks."""


def network(seed: int = 1, journeys: int = 12) -> Rows:
    """Journeys of six steps, some steps left out, each shipment with both legs; a donor's event in two journeys, one day without a time."""
    draw = random.Random(seed)
    rows: Rows = {
        name: [] for name in ("journey", "journey_event", "event", "collection", "product", "product_edge", "shipment", "handoff")
    }
    for number in range(journeys):
        own = {"journey_id": f"j{number}", "collection_id": f"c{number}"}
        shipment = f"s{number}"
        rows["journey"].append({"journey_id": own["journey_id"], "modality_code": "auto_cart", "product_name_code": ODD})
        rows["collection"].append({**own, "site_id": "north.main"})
        rows["product"].append({"product_id": f"p{number}", "state_code": "fresh"})
        rows["product_edge"].append(
            {
                "parent_table": "collection",
                "parent_key": own["collection_id"],
                "child_table": "product",
                "child_key": f"p{number}",
                "edge_type": "create",
            }
        )
        rows["shipment"].append({"shipment_id": shipment})
        at, ids = START, {}
        for step in STEPS:
            at += timedelta(seconds=draw.randrange(1, 400_000))
            if draw.random() < 0.1:
                continue
            ids[step] = (f"e{number}-{step}", at)
            rows["event"].append(
                {
                    "event_id": ids[step][0],
                    "event_type": step,
                    "collection_id": own["collection_id"] if step.startswith("apheresis") else None,
                    "shipment_id": shipment if step.startswith("shipment") else None,
                    "site_id": "north.main",
                    "occurred_at_utc": at.replace(tzinfo=None),
                }
            )
            rows["journey_event"].append({"journey_id": own["journey_id"], "event_id": ids[step][0]})
        for code, sent, received in (
            ("H07", "shipment_packed", "shipment_dispatched"),
            ("H08", "shipment_dispatched", "shipment_received"),
        ):
            gave, got = ids.get(sent), ids.get(received)
            rows["handoff"].append(
                {
                    "handoff_id": f"h{number}-{code}",
                    "handoff_code": code,
                    "shipment_id": shipment,
                    "sender_event_id": gave and gave[0],
                    "receiver_event_id": got and got[0],
                    "transit_h": round((got[1] - gave[1]).total_seconds() / 3600, 6) if gave and got else None,
                }
            )
    rows["journey_event"].append({"journey_id": "j1", "event_id": rows["event"][0]["event_id"]})
    rows["event"] += [
        {"event_id": "day", "event_type": "infusion_started"},
        {"event_id": "never", "event_type": "infusion_started", "occurred_at_utc": START.replace(tzinfo=None), "status_code": "not_done"},
    ]
    rows["journey_event"].append({"journey_id": "j0", "event_id": "day"})
    return rows


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Path]:
    folder = tmp_path_factory.mktemp("mining")
    made = release(folder / "release", network())
    for format_ in FORMATS:
        write_log(made, format_, folder / f"log.{format_}")
    return made, folder


def test_a_log_is_ocel_2_and_every_relation_leads_to_an_object_in_it(written: tuple[Release, Path]) -> None:
    log = json.loads((written[1] / "log.ocel").read_text(encoding="utf-8"))
    jsonschema.validate(log, OCEL)
    objects = {one["id"]: one["type"] for one in log["objects"]}
    assert len(objects) == len(log["objects"])
    assert set(objects.values()) == {"journey", "collection", "product", "shipment", "handoff"}
    for one in (*log["events"], *log["objects"]):
        assert {related["objectId"] for related in one["relationships"]} <= set(objects)
    assert {event["type"] for event in log["events"]} == {one["name"] for one in log["eventTypes"]}
    first = next(event for event in log["events"] if event["id"] == "e0-apheresis_completed")
    assert [tuple(related.values()) for related in first["relationships"]] == [
        ("collection:c0", "collection"),
        ("journey:j0", "journey"),
        ("product:p0", "created"),
    ]


def test_what_has_no_instant_or_did_not_happen_is_in_no_log_and_is_counted(written: tuple[Release, Path], tmp_path: Path) -> None:
    made, folder = written
    for format_ in FORMATS:
        text = (folder / f"log.{format_}").read_text(encoding="utf-8")
        assert '"day"' not in text
        assert '"never"' not in text
        assert write_log(made, format_, tmp_path / format_).left_out == 1


def test_the_same_rows_give_the_same_bytes_in_whatever_order_they_lie(written: tuple[Release, Path], tmp_path: Path) -> None:
    rows = network()
    for table in rows.values():
        random.Random(5).shuffle(table)
    shuffled = release(tmp_path / "shuffled", rows)
    for format_ in FORMATS:
        write_log(shuffled, format_, tmp_path / format_)
        assert (tmp_path / format_).read_bytes() == (written[1] / f"log.{format_}").read_bytes()


def test_a_file_is_never_overwritten_and_a_failure_leaves_nothing(written: tuple[Release, Path], tmp_path: Path) -> None:
    made, folder = written
    with pytest.raises(CgtError, match="exists"):
        write_log(made, "xes", folder / "log.xes")
    tables = {name: table for name, table in made.tables.items() if name != "handoff"}
    with pytest.raises(CgtError, match="no table"):
        write_log(Release(made.id, made.folder, {"tables": tables}), "ocel", tmp_path / "log")
    assert not any(tmp_path.iterdir())


def test_events_that_did_not_happen_are_those_of_the_models() -> None:
    macro = (REPOSITORY / "dbt_project" / "macros" / "marts_tables.sql").read_text(encoding="utf-8")
    said = re.search(r"macro stands\(status\).*?endmacro", macro, re.DOTALL)
    assert said
    assert tuple(re.findall(r"'(\w+)'", said.group())) == NOT_DONE


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(texts, texts, st.lists(st.tuples(texts, texts), max_size=3)), max_size=4), texts)
def test_any_text_comes_back_from_xes(journeys: Sequence[tuple[str, str, Sequence[tuple[str, str]]]], name: str) -> None:
    at = "2026-01-01T00:00:00.000000+00:00"
    cases = [Case(key, {"modality_code": said}, [Logged(id_, type_, at, {}) for id_, type_ in events]) for key, said, events in journeys]
    root = ElementTree.fromstring("".join(xes.lines(name, cases)).encode())
    space = "{http://www.xes-standard.org/}"

    def values(of: ElementTree.Element) -> list[str | None]:
        return [one.get("value") for one in of.findall(f"{space}string")]

    def possible(text: str) -> str:
        return "".join(c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "\ufffd" for c in text)

    assert values(root) == [possible(name)]
    traces = root.findall(f"{space}trace")
    assert [values(trace) for trace in traces] == [[possible(key), possible(said)] for key, said, _ in journeys]
    assert [[values(event) for event in trace.findall(f"{space}event")] for trace in traces] == [
        [[possible(type_), possible(id_)] for id_, type_ in events] for _, _, events in journeys
    ]


def test_the_command_says_what_it_wrote_and_left_out(
    written: tuple[Release, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "releases").mkdir(parents=True)
    made = written[0]
    (home / "releases" / made.id).symlink_to(made.folder)
    (made.folder / "manifest.json").write_text(json.dumps({**made.manifest, "night": 1}))
    monkeypatch.setenv("CGT_HOME", str(home))
    done = CliRunner().invoke(
        cgt_etl, ["handoffs", "export", "--format", "xes", "--release", "0001", "--out", str(tmp_path / "log.xes")], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    assert "12 cases. Left out: 1 events" in done.output
    assert (tmp_path / "log.xes").read_bytes() == (written[1] / "log.xes").read_bytes()


FOLLOWS = """
select one || ' > ' || other, count(*), sum(seconds), min(seconds), max(seconds)
from (
    select
        event_type as one,
        lead(event_type) over of_it as other,
        epoch(lead(occurred_at_utc) over of_it) - epoch(occurred_at_utc) as seconds
    from ({events})
    window of_it as (partition by key order by occurred_at_utc, event_id)
)
where other is not null
group by all
"""
IN_A_JOURNEY = "select journey_id as key, e.* from journey_event join event e using (event_id) where occurred_at_utc is not null"
WITH_A_SHIPMENT = "select shipment_id as key, e.* from event e where shipment_id is not null and occurred_at_utc is not null"


def asked(made: Release, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        for table in ("event", "journey_event", "handoff"):
            connection.execute(f"create view {table} as from '{made.parquet(table)[0]}'")
        return connection.execute(query).fetchall()


def by_sql(made: Release, events: str) -> dict[str, dict[str, float]]:
    rows = asked(made, FOLLOWS.format(events=events))
    return {pair: {"n": n, "sum": total, "min": least, "max": most} for pair, n, total, least, most in rows}


@pytest.fixture(scope="module")
def mined(written: tuple[Release, Path]) -> dict[str, Any]:
    """What pm4py reads, in an environment of its own (it is AGPL, and wants an older pandas)."""
    if not ORACLE.exists():
        pytest.skip("there is no .venv-oracle; `make test` makes it")
    script = REPOSITORY / "tests" / "oracles" / "process_mining.py"
    done = subprocess.run([ORACLE, script, written[1] / "log.xes", written[1] / "log.ocel"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def same(theirs: Mapping[str, Mapping[str, float]], ours: Mapping[str, Mapping[str, float]]) -> None:
    assert theirs.keys() == ours.keys()
    for pair, figures in ours.items():
        assert theirs[pair] == pytest.approx(dict(figures), abs=1e-3), pair


@pytest.mark.slow
def test_pm4py_reads_both_logs_whole(written: tuple[Release, Path], mined: dict[str, Any]) -> None:
    made, _ = written
    events, in_journeys = (
        asked(made, f"select count(*) from ({query})")[0][0]
        for query in ("from event where occurred_at_utc is not null and event_id != 'never'", IN_A_JOURNEY)
    )
    assert (mined["ocel_events"], mined["events"]) == (events, in_journeys)
    assert mined["cases"] == sorted(f"j{number}" for number in range(12))
    assert mined["names"] == [ODD.replace("\x0b", "\ufffd")]
    assert mined["o2o"] == 12 + 12 + 24


@pytest.mark.slow
def test_durations_in_pm4py_are_those_of_the_release(written: tuple[Release, Path], mined: dict[str, Any]) -> None:
    made, _ = written
    same(mined["xes"], by_sql(made, IN_A_JOURNEY))
    same(mined["ocel"]["journey"], by_sql(made, IN_A_JOURNEY))
    same(mined["ocel"]["shipment"], by_sql(made, WITH_A_SHIPMENT))


@pytest.mark.slow
def test_hours_in_transit_in_pm4py_are_those_of_the_handoffs(written: tuple[Release, Path], mined: dict[str, Any]) -> None:
    made, _ = written
    found = mined["ocel"]["handoff"]
    for code, pair in (("H07", "shipment_packed > shipment_dispatched"), ("H08", "shipment_dispatched > shipment_received")):
        hours = [h for (h,) in asked(made, f"select transit_h from handoff where handoff_code = '{code}' and transit_h is not null")]
        assert len(hours) > 5
        assert found[pair]["n"] == len(hours)
        assert found[pair]["sum"] == pytest.approx(sum(hours) * 3600, abs=0.1)
        assert found[pair]["max"] == pytest.approx(max(hours) * 3600, abs=0.01)
