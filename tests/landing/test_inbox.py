"""The inbox: what is a delivery, what is none, and that one bad file costs itself only."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cgt_etl.errors import DeclarationError, NotReady, RefusedFile
from cgt_etl.landing.inbox import Found, land_all, nights, scan
from cgt_etl.landing.ready import SETTLE, Watch
from tests.landing.bench import GOOD, HEADER, NOW, Bench


def look(bench: Bench, night: str = "0001", watch: Watch | None = None) -> list[Found]:
    return scan(bench.settings, bench.registry, bench.root / "inbox", night, watch)


def after(path: Path, seconds: float) -> Watch:
    """Somebody who looks that long after the last change of a file."""
    return Watch(datetime.fromtimestamp(path.lstat().st_ctime, UTC) + timedelta(seconds=seconds), SETTLE)


def announce(path: Path, **said: object) -> Path:
    """A manifest beside `path`, true but for `said`."""
    raw = path.read_bytes()
    manifest = path.with_name(path.name + ".manifest.json")
    manifest.write_text(json.dumps({"name": path.name, "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest(), **said}))
    return manifest


def test_nights_in_order(bench: Bench) -> None:
    for night in ("0010", "0002", "0001"):
        bench.deliver(GOOD, night=night)
    (bench.root / "inbox/.hidden").mkdir()
    (bench.root / "inbox/notes.txt").write_text("x")
    assert nights(bench.root / "inbox") == ["0001", "0002", "0010"]
    with pytest.raises(DeclarationError, match="no inbox"):
        nights(bench.root / "nowhere")


@pytest.mark.parametrize("night", ["0009", "..", "../inbox/0001", "", "0001/northbench"])
def test_a_night_that_is_none(bench: Bench, night: str) -> None:
    bench.deliver(GOOD)
    with pytest.raises(DeclarationError, match="no such night"):
        look(bench, night)


@pytest.mark.rule("F04")
def test_one_bad_file_costs_itself_only(bench: Bench) -> None:
    bench.deliver(GOOD)
    bench.deliver("", name="sample_2.csv")
    bench.deliver(HEADER, name="sample_3.csv", feed="nobody/sample")
    bench.deliver(HEADER, name="sample_4.csv", feed="northbench/wrong")
    unreadable = bench.deliver(HEADER + "4,4,4,4\n", name="sample_5.csv")
    found = look(bench)
    unreadable.unlink()
    landed = land_all(bench.settings, bench.registry, found, NOW)
    told = {one.source_name: (one.delivery.status if one.delivery else None, str(one.problem) if one.problem else None) for one in landed}
    assert told["sample_1.csv"] == ("landed", None)
    assert told["sample_2.csv"] == ("refused", None)
    assert told["sample_3.csv"] == (None, str(found[0].problem))
    assert "partner nobody, feed sample, file sample_3.csv, rule F04: unknown partner" in str(found[0].problem)
    assert "promised no such feed" in str(told["sample_4.csv"][1])
    assert "cannot be opened" in str(told["sample_5.csv"][1])
    assert [(one.path.name, one.is_new) for one in look(bench) if one.problem is None] == [("sample_1.csv", False), ("sample_2.csv", False)]
    again = land_all(bench.settings, bench.registry, look(bench), NOW)
    assert [(one.source_name, one.is_new, one.delivery is not None) for one in again if one.problem is None] == [
        ("sample_1.csv", False, True),
        ("sample_2.csv", False, True),
    ]


def test_links_folders_pipes_and_odd_names_are_no_deliveries(bench: Bench, tmp_path: Path) -> None:
    place = bench.deliver(GOOD).parent
    secret = tmp_path / "secret.csv"
    secret.write_text(GOOD)
    (place / "sample_2.csv").symlink_to(secret)
    (place / "sample_3.csv").mkdir()
    os.mkfifo(place / "sample_4.csv")
    (place / "sample_5\n.csv").write_text(GOOD)
    Path(os.fsdecode(os.fsencode(place) + b"/sample_\xff.csv")).write_text(GOOD)
    (place / ".sample_6.csv.part").write_text(GOOD)
    (place.parent.parent / "linked").symlink_to(place.parent, target_is_directory=True)
    (place.parent / "stray.csv").write_text(GOOD)
    found = look(bench)
    assert [one.path.name for one in found if one.problem is None] == ["sample_1.csv"]
    told = sorted(str(one.problem) for one in found if one.problem is not None)
    assert len(told) == 7
    assert all(line.isprintable() for line in told)
    assert sum("no regular file" in line for line in told) == 3
    assert sum("cannot be printed" in line for line in told) == 2
    assert sum("should be" in line for line in told) == 2
    landed = land_all(bench.settings, bench.registry, found, NOW)
    assert sum(one.delivery is not None for one in landed) == 1
    assert all(name.isprintable() for one in landed for name in (one.partner, one.feed, one.source_name))


@pytest.mark.parametrize(
    ("envelope", "status"), [('{"sequence": "7"}', "landed"), ('{"sequence": 7}', "refused"), ("{", "refused"), (None, "refused")]
)
def test_the_envelope_states_the_sequence(bench: Bench, envelope: str | None, status: str) -> None:
    bench.declare(sequence="{source: envelope}")
    path = bench.deliver(GOOD)
    if envelope is not None:
        (path.parent / "envelope.json").write_text(envelope)
    found = look(bench)
    assert [one.path.name for one in found] == ["sample_1.csv"]
    (landed,) = land_all(bench.settings, bench.registry, found, NOW)
    assert landed.delivery is not None
    assert (landed.delivery.status, landed.delivery.sequence) == (status, "7" if status == "landed" else "")


def test_a_file_that_may_still_be_growing_waits_and_is_taken_when_it_has_settled(bench: Bench) -> None:
    path = bench.deliver(GOOD[:40])
    os.utime(path, (0, 0))  # an upload that keeps the sender's old time
    (found,) = look(bench, watch=after(path, SETTLE.total_seconds() - 1))
    assert isinstance(found.problem, NotReady)
    assert "partner northbench, feed sample, file sample_1.csv" in str(found.problem)
    assert not found.is_new
    (left,) = land_all(bench.settings, bench.registry, [found], NOW)
    assert left.delivery is None
    path.write_text(GOOD)
    (found,) = look(bench, watch=after(path, SETTLE.total_seconds() + 1))
    (landed,) = land_all(bench.settings, bench.registry, [found], NOW)
    assert landed.counts["units"]["in"] == 3
    path.write_text(GOOD + "4,00000020,1,late\n")
    assert not any(one.is_new for one in look(bench, watch=after(path, 0)))


def test_a_file_that_changes_between_the_look_and_the_landing_waits(bench: Bench) -> None:
    path = bench.deliver(GOOD)
    found = look(bench)
    path.write_text(GOOD + "4,00000020,1,late\n")
    (landed,) = land_all(bench.settings, bench.registry, found, NOW)
    assert isinstance(landed.problem, NotReady)
    assert "changed since it was looked at" in str(landed.problem)


def test_a_manifest_that_holds_needs_no_time_and_is_no_delivery(bench: Bench) -> None:
    path = bench.deliver(GOOD)
    announce(path, sha256=hashlib.sha256(GOOD.encode()).hexdigest().upper(), sender="somebody")
    (found,) = look(bench, watch=after(path, 0))
    assert (found.path.name, found.is_new, found.problem) == ("sample_1.csv", True, None)


@pytest.mark.rule("F05")
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"size": 1}, "its manifest announces 1"),
        ({"sha256": "0" * 64}, "do not have the sha256"),
        ({"name": "sample_2.csv"}, "`name` is not the name"),
        ({"size": "91"}, "`size` is no number"),
        ({"sha256": "abc"}, "`sha256` is no 64"),
    ],
)
def test_a_file_that_is_not_what_its_manifest_announces_waits_and_then_is_refused(bench: Bench, said: dict[str, object], why: str) -> None:
    path = bench.deliver(GOOD)
    manifest = announce(path, **said)
    (early,) = look(bench, watch=after(manifest, 1))
    assert isinstance(early.problem, NotReady)
    for watch in (after(manifest, SETTLE.total_seconds() + 1), None):
        (found,) = look(bench, watch=watch)
        assert isinstance(found.problem, RefusedFile)
        assert why in str(found.problem)
        assert "file sample_1.csv, rule F05" in str(found.problem)
    (landed,) = land_all(bench.settings, bench.registry, [found], NOW)
    assert landed.delivery is None
    announce(path)
    assert [one.is_new for one in look(bench)] == [True], "a mended manifest frees the file"


def test_a_manifest_without_its_file_is_a_file_under_way(bench: Bench) -> None:
    path = bench.deliver(GOOD)
    announce(path)
    path.rename(path.with_name(".sample_1.csv.part"))
    (found,) = look(bench)
    assert isinstance(found.problem, NotReady)
    assert "file sample_1.csv, rule F05: its manifest is here and the file is not" in str(found.problem)


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000])
def test_a_manifest_that_is_none_refuses_its_file(bench: Bench, text: str) -> None:
    path = bench.deliver(GOOD)
    path.with_name("sample_1.csv.manifest.json").write_text(text)
    (found,) = look(bench)
    assert isinstance(found.problem, RefusedFile)
    assert "manifest" in str(found.problem)


def test_looking_for_news_loads_nothing_heavy() -> None:
    program = (
        "import sys, cgt_etl.landing.inbox, cgt_etl.landing.lease, cgt_etl.landing.version\n"
        "print(sorted({'polars', 'pandera', 'pyarrow', 'duckdb', 'dbt', 'dagster', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
