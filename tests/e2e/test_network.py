"""What the whole path promises, on a small network: counts, determinism, increments, as-of, release care."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing.inbox import land_all, scan
from cgt_etl.settings import Settings
from tests.dbt_parse import take_along
from tests.e2e.conftest import KEY, REPOSITORY, Home

pytestmark = pytest.mark.slow


def test_every_delivery_is_reconciled(network: Home) -> None:
    manifests = [json.loads(file.read_text()) for file in (network.path / "landing").glob("*/*/*/*/manifest.json")]
    landed = [manifest for manifest in manifests if manifest["status"] == "landed"]
    assert len(landed) > 10
    for manifest in landed:
        for scope in (manifest["counts"]["units"], manifest["counts"]["cells"], *manifest["counts"]["rows"].values()):
            assert scope["in"] == scope["accepted"] + scope["set_aside"] + scope["erased"]
    assert any(manifest["counts"]["units"]["set_aside"] for manifest in landed), "the sample holds rows to set aside"
    assert any(manifest["status"] == "refused" for manifest in manifests), "the sample holds a file to refuse"


def test_any_order_and_any_threads_give_the_same_bytes(network: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last night before the other two, which are built at once, as where a night was killed after it had landed."""
    other = Home(tmp_path / "home", network.inbox, (("CGT_THREADS", "1"),))
    take_along(network.path, other.path)
    other.run("--night", "0003")
    monkeypatch.setenv("CGT_MASTER_KEY", KEY)
    settings = Settings(home=other.path)
    registry = Registry.load(settings)
    assert land_all(settings, registry, scan(settings, registry, other.inbox, "0001"), datetime(2026, 3, 1, tzinfo=UTC))
    other.run("--night", "0002")
    mine, theirs = network.tables(), other.tables()
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if mine[name] != theirs[name]] == []


def test_increments_equal_one_full_build(network: Home, tmp_path: Path) -> None:
    """Of the last night; `test_history` builds earlier ones again."""
    record = json.loads((network.path / "nights" / "0003.json").read_text())
    network.cli("release", "build", "--as-of", "3", "--out", str(tmp_path / "asof"))
    assert network.tables(tmp_path / "asof") == network.tables(network.path / "releases" / record["release_id"])


def test_nothing_new_is_decided_without_the_heavy_libraries_and_changes_no_byte(network: Home) -> None:
    before = {file: file.read_bytes() for file in network.release.rglob("*") if file.is_file()}
    program = (
        "import sys\n"
        "from cgt_etl.cli import main\n"
        "sys.argv = ['cgt-etl', 'run', '--inbox', sys.argv[1]]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'dbt', 'dagster', 'great_expectations', 'pandera', 'polars', 'pandas', 'duckdb', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    assert "Nothing new" in network.python(program, str(network.inbox))
    assert {file: file.read_bytes() for file in network.release.rglob("*") if file.is_file()} == before


def test_verify_finds_a_flipped_byte(network: Home, copy_of: Callable[[Home], Home]) -> None:
    home = copy_of(network)
    assert "good" in home.cli("release", "verify").stdout
    victim = max(home.release.glob("tables/*/*.parquet"), key=lambda file: file.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.unlink()  # unchanged files are hard links between releases
    victim.write_bytes(data)
    done = home.cli("release", "verify", expect=None)
    assert done.returncode != 0
    assert victim.parent.name in done.stdout + done.stderr


def test_the_exported_warehouse_stands_alone(network: Home, tmp_path: Path) -> None:
    network.cli("release", "export", "--out", str(tmp_path / "copy"))
    [file] = list((tmp_path / "copy").rglob("warehouse.duckdb"))
    moved = tmp_path / "elsewhere.duckdb"
    shutil.copyfile(file, moved)
    with duckdb.connect(str(moved), read_only=True) as connection:
        [(rows,)] = connection.sql("select count(*) from timeline").fetchall()
        [(comment,)] = connection.sql(
            "select comment from duckdb_tables() where table_name = 'timeline' union all "
            "select comment from duckdb_views() where view_name = 'timeline'"
        ).fetchall()
    assert rows > 50
    assert comment


def test_a_released_row_is_traced_to_its_delivered_record(network: Home) -> None:
    with duckdb.connect() as connection:
        [(key, delivery, row)] = connection.sql(
            f"select measurement_id, source_delivery, source_row from '{network.release}/tables/measurement/*.parquet' "
            "where source_delivery like '%apheresis%' order by 1 limit 1"
        ).fetchall()
    told = network.cli("trace", "measurement", key).stdout
    assert delivery in told
    assert f"{row}" in told
    assert "apheresis_" in told, "names the delivered file"


def test_a_reading_is_of_the_shipment_that_its_logger_travelled_with(network: Home, inbox: Path) -> None:
    lines = (inbox.parent / "truth" / "shipments.jsonl").read_text(encoding="utf-8").splitlines()
    true = {
        datetime.fromisoformat(one["delivered"]).astimezone(UTC).replace(tzinfo=None): one["lid_opened"] is not None
        for one in map(json.loads, lines)
    }
    with duckdb.connect(str(network.release / "warehouse.duckdb"), read_only=True) as warehouse:
        told = warehouse.execute("select received_at_utc, lid_opening_count from shipment where lid_opening_count is not null").fetchall()
        unplaced = warehouse.execute("select count(*) from logger_reading where shipment_id is null").fetchone()
    assert {bool(count) for _, count in told} == {True, False}
    assert [(at, bool(count)) for at, count in told] == [(at, true[at]) for at, _ in told]
    assert unplaced == (0,)


def test_a_date_alone_is_released_as_a_date_and_never_as_midnight(network: Home) -> None:
    times = {"event": ["occurred"], "measurement": ["occurred"], "timeline": ["occurred"]}
    times |= {"collection": ["started", "ended"], "administration": ["started", "ended"]}
    found: set[tuple[str, str, str]] = set()
    with duckdb.connect(str(network.release / "warehouse.duckdb"), read_only=True) as warehouse:
        for table, names in times.items():
            for name in names:
                said = warehouse.sql(
                    f"select distinct {name}_precision, {name}_zone_source, {name}_at_utc is null, {name}_date is null, "
                    f"length({name}_local) from {table} where {name}_local is not null"
                ).fetchall()
                for precision, source, is_instant_unknown, is_day_unknown, length in said:
                    found.add((table, precision, source))
                    assert is_day_unknown == (precision in ("month", "year"))
                    assert length == {"year": 4, "month": 7, "day": 10, "minute": 16}.get(precision, length)
                    if precision in ("day", "month", "year"):
                        assert (is_instant_unknown, source) == (True, "none"), (table, name, precision)
    sources = {source for _, _, source in found}
    assert {("event", "day", "none"), ("measurement", "day", "none"), ("timeline", "day", "none")} <= found
    assert {"offset", "site", "stated", "none"} == sources


def test_a_clock_that_is_wrong_is_found_where_two_sides_saw_the_same(network: Home, inbox: Path) -> None:
    """To the minute that times are told to; and the days that shipments take are nobody's clock."""
    ahead = json.loads((inbox.parent / "truth" / "clocks.json").read_text(encoding="utf-8"))
    wrong = {partner for partner, seconds in ahead.items() if seconds}
    with duckdb.connect(str(network.release / "warehouse.duckdb"), read_only=True) as warehouse:
        told = warehouse.execute(
            "select party_id, other_party_id, skew_s, skew_low_s, skew_high_s from clock_skew where status_code = 'estimated'"
        ).fetchall()
    assert {party for party, *_ in told} > wrong, "and others, whose clocks are right"
    for party, other, *said in told:
        true = ahead.get(party, 0) - ahead.get(other, 0)
        assert [skew for skew in said if abs(skew - true) > 60] == [], (party, other)


def test_no_partner_or_linkage_token_is_released(network: Home) -> None:
    tokens: set[str] = set()
    with duckdb.connect() as connection:
        for links in (network.path / "landing").glob("*/*/*/*/links.parquet"):
            for pair in connection.sql(f"select partner_token, linkage_token from '{links}'").fetchall():
                tokens |= set(pair)
        assert len(tokens) > 20
        for table in sorted((network.release / "tables").iterdir()):
            relation = connection.sql(f"select * from '{table}/*.parquet'")
            for column, kind in zip(relation.columns, relation.types, strict=True):
                if str(kind) == "VARCHAR":
                    found = {value for (value,) in relation.project(f'"{column}"').distinct().fetchall()}
                    assert not found & tokens, f"{table.name}.{column}"


def test_the_query_of_the_readme_answers(network: Home) -> None:
    program = (REPOSITORY / "README.md").read_text().split("<<'QUERY'\n")[1].split("QUERY")[0]
    answer = network.python(program.replace(".cgt/demo/home", str(network.path)))
    assert "infusion_started" in answer
    assert "apheresis_completed" in answer
