"""Where released columns come from is what the SQL says, and what is known of it by other means."""

from __future__ import annotations

import csv
import difflib

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.release import lineage as origins_of
from cgt_etl.release import marts
from cgt_etl.release.lineage import Origins
from cgt_etl.settings import REPOSITORY, Settings
from scripts.lineage import Lineage
from tests.dbt.conftest import Built
from tests.dbt.lineage import texts

GIVEN = {
    "landed.lab__result": ["partner", "bag", "code", "volume", "other", "is_big"],
    "vocabulary.code_map": ["local_code", "canonical"],
    "identity.identifier": ["token", "release_token"],
}
"""What the little project below reads."""
STAGED = """
with codes as (select local_code, canonical from "work"."vocabulary"."code_map" where local_code <> 'x')
select said.bag as bag_token, codes.canonical as kind_code, said.volume as volume_ml, cast(null as varchar) as lot_token,
    'bag' as shape_code, case when said.is_big then said.volume else said.other end as filled_ml, said.partner as party_id
from "work"."landed"."lab__result" as said left join codes on said.code = codes.local_code
"""
RESOLVED = """
select collected.*, named.release_token as bag_id
from "work"."intermediate"."int_bag__collected" as collected
left join "work"."identity"."identifier" as named on collected.bag_token = named.token
"""
MART = """
with ranked as (
    select *, row_number() over (partition by bag_id order by volume_ml) as rank_no from "work"."intermediate"."int_bag__resolved"
)
select bag_id, max(case when kind_code = 'wet' then volume_ml end) as volume_ml, count(*) as bag_count, min(shape_code) as shape_code,
    (select max(filled_ml) from ranked) as filled_ml, sum(rank_no) as rank_no
from ranked where lot_token is null group by bag_id
union all
select bag_id, volume_ml / 2, 1, 'none', null, null from ranked
"""


def test_values_are_followed_and_what_only_chooses_rows_is_not() -> None:
    lineage = Lineage(GIVEN)
    lineage.add("stg_lab__result__bag", STAGED)
    lineage.add("int_bag__collected", 'select * from "work"."staging"."stg_lab__result__bag"')
    lineage.add("int_bag__resolved", RESOLVED)
    lineage.add("bag", MART)
    assert lineage.stated("stg_lab__result__bag") == {
        "bag_token": ["bag"],
        "kind_code": ["code"],
        "volume_ml": ["volume"],
        "shape_code": [],
        "filled_ml": ["other", "volume"],
        "party_id": ["partner"],
    }
    assert lineage.facts("bag") == {
        "bag_id": ["bag.bag_token", "identity.identifier.release_token"],
        "volume_ml": ["bag.volume_ml"],
        "bag_count": [],
        "shape_code": ["bag.shape_code"],
        "filled_ml": ["bag.filled_ml"],
        "rank_no": ["bag.bag_token", "bag.volume_ml", "identity.identifier.release_token"],
    }


def test_a_measurement_taken_alone_is_told_by_its_name() -> None:
    lineage = Lineage({"landed.lab__result": ["measurement", "value", "bag"]})
    lineage.add("int_measurement__collected", 'select * from "work"."landed"."lab__result"')
    lineage.add("int_measurement__resolved", 'select * from "work"."intermediate"."int_measurement__collected"')
    read = '"work"."intermediate"."int_measurement__resolved"'
    total = f"with total as (select bag, measurement, sum(value) as value from {read} group by bag, measurement)"
    lineage.add(
        "bag",
        f"{total} select bag, max(case when measurement = 'cd3' and bag <> 'x' then value end) as cd3, avg(value) as anything,"
        " max(case when measurement = 'cd34' then value / 2 when bag = 'y' then 0 end) as cd34,"
        f" (select min(value) from {read} where measurement = 'hgb') as hgb from total group by bag",
    )
    found = lineage.facts("bag")
    assert found["cd3"] == ["measurement.value[cd3]"]
    assert found["cd34"] == ["measurement.value[cd34]"]
    assert found["hgb"] == ["measurement.value[hgb]"]
    assert found["anything"] == ["measurement.value"]


def test_an_unknown_relation_is_named() -> None:
    with pytest.raises(ValueError, match=r"landed\.nowhere"):
        Lineage({}).add("bag", 'select a from "work"."landed"."nowhere"')


def test_origins_meet_the_feeds_that_are_declared() -> None:
    origins = Origins(Registry.load(Settings(REPOSITORY)))
    donor = origins.of("collection", "device_model_code")
    assert donor.level == "column"
    assert "becs_us.apheresis" in donor.feeds
    assert not [feed for feed in donor.feeds if feed.startswith(("wearable", "courier", "ehr"))]
    yield_ = origins.of("collection", "cd34_yield_10_6")
    assert yield_.made_of == ("measurement.value[product_cd34_total]",)
    assert "becs_eu.apheresis" in yield_.feeds, "its contract names it"
    assert "ehr_fhir_r4.observation" in yield_.feeds, "its records say what they measure"
    assert not [feed for feed in yield_.feeds if feed.startswith(("ln2_tank_log", "apheresis_device"))], "they measure other things"
    assert origins.of("timeline", "kind").level == "table"
    assert origins.of("party", "party_name").level == "declared"
    assert origins.of("party", "party_name").feeds == ()


def test_a_dialect_kept_outside_counts_for_all_that_it_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody followed its SQL; what it states no fact of, it is no feed of."""
    monkeypatch.setattr(origins_of, "source_feeds", lambda _: {"collection": [("own_bank", "unit")]})
    origins = Origins(Registry.load(Settings(REPOSITORY)))
    assert origins.of("collection", "device_model_code").feeds == ("own_bank.unit",)
    assert origins.of("outcome", "grade").feeds == ()
    assert {fact["contract_columns"] for fact in origins_of.facts(Registry.load(Settings(REPOSITORY)))} == {"*"}


def test_every_released_column_comes_from_somewhere() -> None:
    origins = Origins(Registry.load(Settings(REPOSITORY)))
    levels: dict[str, set[str]] = {}
    for mart in marts.load():
        for column in mart.columns:
            levels.setdefault(origins.of(mart.name, column.name).level, set()).add(mart.name)
    assert levels["declared"] == {"party", "site", "delivery"}
    assert levels.get("empty", set()) <= {"handoff", "material_lot"}
    assert len(levels["column"]) > 25


@pytest.mark.slow
def test_the_lineage_is_that_of_the_sql(built: Built) -> None:
    for file, text in texts(built).items():
        was = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
        now = list(csv.reader(text.splitlines()))
        differing = list(difflib.unified_diff([",".join(row) for row in was], [",".join(row) for row in now], lineterm="", n=0))
        assert not differing, f"{file.name}: `python -m tests.dbt.lineage` renews it\n" + "\n".join(differing[:20])
