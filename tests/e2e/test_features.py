"""Features of a simulated network know nothing of what comes after their decision: everything later is changed, deleted and added to.

The feature model's own SQL, as dbt compiled it, runs on copies of what it reads. Which facts are later is worked out here by other means.
Who is who, and which journey a thing is part of, is the release's and stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cgt_etl.settings import REPOSITORY
from tests.e2e.conftest import Home

MODELS = REPOSITORY / "dbt_project" / "models" / "marts"
RELATION = re.compile(r'"work"\."(intermediate|marts)"\."(\w+)"')
FACTS = {
    "intermediate.int_measurement__resolved": ("occurred", "recorded", {"value": "value * 3 + 17"}),
    "intermediate.int_event__resolved": ("occurred", "recorded", {"detail_code": "'final'"}),
    "intermediate.int_diagnosis__resolved": ("onset", "recorded", {"indication_code": "'another'"}),
    "intermediate.int_clinical_act__resolved": ("started", "recorded", {"code": "code || 'x'"}),
}
"""Relation -> when a fact was so, when it was recorded, and how its content is changed."""
KEYS = {
    "intermediate.int_measurement__resolved": "measurement_statement_id",
    "intermediate.int_event__resolved": "event_statement_id",
    "intermediate.int_diagnosis__resolved": "diagnosis_statement_id",
    "intermediate.int_clinical_act__resolved": "clinical_act_statement_id",
}
SAYS_WHOSE = "('infusion_started', 'shipment_packed')"
"""Events by which things are part of journeys."""
WORN = """
insert into marts.wearable_daily (subject_id, local_date, device_id, measurement, value, unit, wear_min)
select subject_id, day::date, 'd' || n, 'steps_daily', 1000 * n + date_diff('day', date '2025-01-01', day::date), '/d', 700 + n
from (select distinct subject_id from marts.journey), range(2) device(n),
    (select unnest(generate_series(timestamp '2025-06-01', timestamp '2026-03-31', interval 1 day)) as day)
"""

Row = tuple[Any, ...]


@dataclass(frozen=True)
class World:
    """What the features of one build are made of, in a file that is copied before it is perturbed."""

    file: Path
    sql: str

    def features(self, perturb: Callable[[duckdb.DuckDBPyConnection], None] | None = None, sql: str | None = None) -> dict[Row, Row]:
        """(journey, decision) -> the whole row."""
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute("attach ':memory:' as work").execute(f"attach '{self.file}' as kept (read_only)")
            connection.execute("copy from database kept to work").execute("use work")
            if perturb:
                perturb(connection)
            return {row[:2]: row for row in connection.execute(sql or self.sql).fetchall()}


@pytest.fixture(scope="module")
def world(network: Home, tmp_path_factory: pytest.TempPathFactory) -> World:
    sql = (network.path / "dbt/target/compiled/cgt_etl/models/marts/journey_features.sql").read_text(encoding="utf-8")
    build, folder = max((network.path / "builds").glob("*.duckdb")), tmp_path_factory.mktemp("features")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{build}' as work (read_only)").execute(f"attach '{folder / 'kept.duckdb'}' as kept")
        connection.execute("create schema kept.marts; create schema kept.intermediate; create schema kept.control")
        for schema, name in sorted(set(RELATION.findall(sql))):
            connection.execute(f"create table kept.{schema}.{name} as from work.{schema}.{name}")
        connection.execute("create table kept.control.touched_component as select distinct component_id from work.marts.journey")
        connection.execute("use kept").execute(WORN)
    return World(folder / "kept.duckdb", sql)


def _later(at: datetime, day: date, *times: str) -> str:
    """SQL of whether any of these times is after an instant: by the instant where there is one, else by the local date."""
    return " or ".join(
        f"coalesce({one}_at_utc > timestamp '{at}', {one}_date > date '{day}', false)" for one in times
    )  # a fact with instant and date is compared by the instant


def _perturbed(at: datetime, day: date) -> Callable[[duckdb.DuckDBPyConnection], None]:
    def perturb(connection: duckdb.DuckDBPyConnection) -> None:
        run = connection.execute
        after, next_day = f"timestamp '{at}' + interval 1 second", f"date '{day}' + 1"
        for relation, (so, recorded, changed) in FACTS.items():
            key, later = KEYS[relation], _later(at, day, so, recorded)
            changes = ", ".join(f"{column} = {value}" for column, value in changed.items())
            run(f"update {relation} set {changes} where {later}")
            stays = f"and event_type not in {SAYS_WHOSE}" if "event" in relation else ""
            run(f"delete from {relation} where ({later}) and hash({key}) % 3 = 0 {stays}")
            again = ", ".join(f"{value} as {column}" for column, value in changed.items())
            for number, moved in enumerate(
                (
                    f"{so}_at_utc + ({after} - {so}_at_utc) as {so}_at_utc, {next_day} as {so}_date",  # the same once more, after
                    f"{after} as {recorded}_at_utc, {next_day} as {recorded}_date",  # a correction that was recorded after
                    f"{after} as {recorded}_at_utc, date '{day}' as {recorded}_date",  # or later the same day
                    f"null as {so}_at_utc, {next_day} as {so}_date",  # known to the day alone
                    f"null as {so}_at_utc, null as {so}_date, null as {recorded}_at_utc, null as {recorded}_date",  # never dated
                )
            ):
                # its key comes first, so that it would go before its like
                run(f"insert into {relation} select * replace ('!{number}' || {key} as {key}, {again}, {moved}) from {relation}")
        ended = "coalesce(ended_at_utc, started_at_utc)"
        later = f"coalesce({ended} > timestamp '{at}', coalesce(ended_date, started_date) > date '{day}', false)"
        run(f"update marts.collection set device_model_code = 'other', is_autologous = not is_autologous where {later}")
        run(
            "insert into marts.collection select * replace (collection_id || 'x' as collection_id, 'other' as device_model_code,"
            f" {after} + interval 10 day as started_at_utc, {after} + interval 10 day as ended_at_utc,"
            f" {next_day} + 10 as started_date, {next_day} + 10 as ended_date) from marts.collection"
        )
        run(f"delete from marts.wearable_daily where local_date >= date '{day}' and device_id = 'd0'")
        run(f"update marts.wearable_daily set value = 99999, wear_min = 1440 where local_date >= date '{day}'")

    return perturb


def _changed(world: World, base: dict[Row, Row], cuts: list[Row], sql: str | None = None) -> Iterator[tuple[Row, Row]]:
    """Rows of decisions up to a cut that are others than they were, cut by cut as they are asked for."""
    for at, day in cuts:
        rows = world.features(_perturbed(at, day), sql)
        before = {place: row for place, row in base.items() if row[2] and row[2] <= at and row[3] <= day}
        assert any(row[2] == at for row in before.values())
        yield from (((at, day), place) for place, row in before.items() if repr(rows.get(place)) != repr(row))


def _cuts(base: dict[Row, Row], many: int) -> list[Row]:
    """Decisions at which everything later is perturbed: of each kind the first, the last and some between."""
    cuts: list[Row] = []
    for kind in ("referral", "collection", "release"):
        of_kind = sorted({row[2:4] for row in base.values() if row[1] == kind and row[2]})
        assert of_kind, f"no decision `{kind}` in the network"
        cuts += of_kind[:: max(1, len(of_kind) // many)]
    return cuts


@pytest.mark.slow
def test_nothing_later_than_a_decision_moves_a_feature(world: World) -> None:
    base = world.features()
    assert list(_changed(world, base, _cuts(base, 2))) == []
    filled = {place for row in base.values() for place, value in enumerate(row) if value is not None}
    assert len(filled) > 30, "too few features have a value for this to say anything"


LEAKS = {
    "an instant after": ("fact.known_at_utc <= decision.decision_at_utc", "true"),
    "a date after": ("coalesce(fact.known_date <= decision.decision_date, false)", "true"),
    "the day that is not over": ("coalesce(fact.known_date < decision.decision_date, false)", "fact.known_date <= decision.decision_date"),
    "when it was so, whenever it was recorded": ("when recorded_at_utc > occurred_at_utc then", "when false then"),
    "a later record of another day": (
        "when occurred_date is null or recorded_date > occurred_date then recorded_at_utc",
        "when recorded_date > occurred_date then occurred_at_utc",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_seen(world: World, leak: str) -> None:
    whole, gap = LEAKS[leak]
    leaking = re.sub(r"\s+", " ", re.sub(r"--.*", "", world.sql))
    assert whole in leaking
    leaking = leaking.replace(whole, gap)
    base = world.features(sql=leaking)
    assert any(_changed(world, base, _cuts(base, 2), leaking)), "no cut shows it"


@pytest.mark.parametrize(
    ("model", "reads"),
    [
        ("journey_features", {"int_journey__known", "journey"}),
        ("steps/int_journey__known", {"int_journey__decision", "int_journey__fact"}),
        ("steps/int_journey__decision", {"int_journey__fact"}),
    ],
)
def test_features_are_made_of_what_goes_through_the_gate_alone(model: str, reads: set[str]) -> None:
    text = (MODELS / f"{model}.sql").read_text(encoding="utf-8")
    assert set(re.findall(r"ref\('(\w+)'\)", text)) == reads
    assert set(re.findall(r"\bjourney\.(\w+)", text)) <= {"journey_id", "component_id"}
