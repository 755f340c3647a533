"""What agreements let a share hold: rows that everybody who told them permits, cell by cell, and never more for a further restriction."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.egress import policy
from cgt_etl.egress.granted import EVERYBODY
from cgt_etl.egress.rights.agreements import Declared, Refusal
from cgt_etl.egress.rights.decisions import Rights, Use
from cgt_etl.egress.rights.explain import explain
from cgt_etl.egress.share import Asked, share
from cgt_etl.egress.values import SUPPRESSED, tokens
from cgt_etl.errors import CgtError, GateClosed
from cgt_etl.release.read import Release
from tests.egress import world
from tests.egress.world import ASKED, ASKER, TELLER, agreement, person, refusal, token

RIVAL = "rival"
NAMED = sorted(policy.load().shared)


def of(tmp_path: Path, rows: world.Rows, rights: Rights, asked: Asked = ASKED, name: str = "out") -> Path:
    release = world.release(tmp_path / f"release of {name}", rows)
    return world.made(release, tmp_path / name, asked, by=rights).folder


def told_by(rows: world.Rows, table: str, *partners: tuple[str, ...]) -> world.Rows:
    """The rows of a table told by these, one after the other."""
    for number, row in enumerate(rows[table]):
        row["told_by"] = partners[number % len(partners)]
    return rows


def infused(out: Path) -> list[str]:
    """Whose infusions are there, by the true names."""
    ids = {token(f"infusion {name}"): name for name in ("anna", "bert", "rolf", "rosa")}
    names = {shared: ids[id_] for id_, shared in tokens(world.KEY, ids).items()}
    return sorted(names[one] for one in world.table(out, "administration")["administration_id"])


def test_a_row_is_there_where_everybody_who_told_it_permits_it(tmp_path: Path) -> None:
    """anna's is told by the one who agreed, bert's by a rival who did not, rolf's by both, rosa's by the recipient itself."""
    rows = told_by(world.rows(), "administration", (TELLER,), (RIVAL,), (TELLER, RIVAL), (ASKER,))
    assert infused(of(tmp_path, rows, world.rights())) == ["anna", "rosa"]
    both = world.rights({TELLER: Declared((agreement(),)), RIVAL: Declared((agreement(),))})
    assert infused(of(tmp_path, rows, both, name="both")) == ["anna", "bert", "rolf", "rosa"]


def test_a_row_that_is_made_of_others_asks_all_who_told_those(tmp_path: Path) -> None:
    rows = world.rows()
    rows["journey"] = [row | {"told_by": ()} for row in rows["journey"]]
    rows["subject"] = [row | {"told_by": (RIVAL,) if row["subject_id"] == person("bert") else (TELLER,)} for row in rows["subject"]]
    rows["row_source"] = [
        {"table_name": "journey", "row_key": row["journey_id"], "parent_table": "subject", "parent_key": row["subject_id"]}
        for row in rows["journey"]
    ]
    rows["row_source"].append(rows["row_source"][3] | {"parent_table": "therapy_order", "parent_key": "nobody knows"})
    out = of(tmp_path, rows, world.rights())
    assert world.table(out, "journey").height == 2, "bert's was made of what the rival told, rosa's also of what cannot be traced"
    assert world.table(out, "subject").height == 4


def test_a_row_that_sums_up_records_asks_all_who_told_those(tmp_path: Path) -> None:
    rows = world.rows()
    rows["logger_reading"] = [{"logger_id": "l", "shipment_id": token("shipment anna"), "told_by": (RIVAL,)}]
    minute = {"subject_id": person("bert"), "device_id": "d"}
    rows["wearable_minute"] = [minute | {"told_by": (RIVAL,)}, minute]
    day = minute | {"local_date": date(2025, 11, 1), "measurement": "steps_daily"}
    rows["wearable_daily"] = [day | {"value": 1.0}, day | {"device_id": "e", "value": 2.0}]
    out = of(tmp_path, rows, world.rights())
    assert world.table(out, "shipment").height == 3
    assert world.table(out, "wearable_daily")["value"].to_list() == [2.0]


def test_a_finding_and_a_line_of_the_timeline_ask_who_told_the_row_that_they_are_about(tmp_path: Path) -> None:
    rows = told_by(world.rows(), "event", (RIVAL,), (TELLER,))  # the infusions are the rival's
    about = {"journey_id": token("journey anna"), "subject_id": person("anna"), "rule_id": "R46", "effect": "flag"}
    rows["finding"] = [
        about | {"finding_id": "1", "table_name": "event", "row_key": token("infused anna")},
        about | {"finding_id": "2", "table_name": "event", "row_key": token("sent anna")},
        about | {"finding_id": "3", "table_name": "door", "row_key": "is no row of the release"},
    ]
    out = of(tmp_path, rows, world.rights())
    assert world.table(out, "timeline").height == 0
    assert world.table(out, "finding").height == 2


def test_what_a_refusal_or_a_tier_keeps_is_empty_and_the_row_stays(tmp_path: Path) -> None:
    kept = refusal(what=["administration.recipient_weight_kg"])
    tiers = agreement(columns={"administration.started_local_hour": "aggregate_only"})
    out = of(tmp_path, world.rows(), world.rights({TELLER: Declared((tiers,), (kept,))}))
    told = world.table(out, "administration")
    assert told.height == 4
    assert told["recipient_weight_kg"].null_count() == told["started_local_hour"].null_count() == 4
    assert told["dose_per_kg_10_6"].null_count() == 0


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"populations": ["auto_cart"]}, ["anna", "bert"]),
        ({"populations": ["auto_cart", "hsct"]}, ["anna", "bert", "rolf", "rosa"]),
        ({"first_day": date(2025, 11, 4)}, ["bert", "rolf", "rosa"]),
        ({"first_day": date(2025, 11, 4), "last_day": date(2025, 11, 5)}, ["bert", "rolf"]),
        ({"last_day": date(2025, 11, 4)}, ["anna", "bert"]),
        ({"to": {"role": "registry"}}, ["anna", "bert", "rolf", "rosa"]),
        ({"purposes": ["DUO:0000006"], "embargo_until": date(2025, 11, 7)}, ["anna", "bert", "rolf", "rosa"]),
    ],
)
def test_rows_are_within_the_bounds_of_an_agreement(tmp_path: Path, terms: dict[str, Any], expected: list[str]) -> None:
    """Infused on 3, 4, 5 and 6 November, a day before the release ends; anna and bert with their own cells."""
    assert infused(of(tmp_path, world.rows(), world.rights({TELLER: Declared((agreement(**terms),))}))) == expected


@pytest.mark.rule("R55")
@pytest.mark.parametrize(
    "terms",
    [
        {"to": {"role": "manufacturer"}},
        {"to": {"partner": RIVAL}},
        {"purposes": ["DUO:0000007 MONDO:0005062"]},
        {"conditions": ["DUO:0000019"]},
        {"consent": "quality_improvement"},
        {"tier": "aggregate_only"},
        {"embargo_until": date(2025, 11, 8)},
        {"expires": date(2025, 11, 6)},
    ],
)
def test_without_an_agreement_nothing_is_shared(tmp_path: Path, terms: dict[str, Any]) -> None:
    with pytest.raises(GateClosed, match="rule R55: no agreement lets the recipient have a row"):
        of(tmp_path, world.rows(), world.rights({TELLER: Declared((agreement(**terms),))}))
    assert not (tmp_path / "out").exists()


def test_a_condition_that_the_recipient_meets_holds_for_consents_and_agreements(tmp_path: Path) -> None:
    """Not for profit and non-commercial together are what `not for profit, non commercial` says."""
    rows = world.rows()
    rows["consent"] += [world.consent("anna", "DUO:0000018")]
    rights = world.rights({TELLER: Declared((agreement(conditions=["DUO:0000018"]),))})
    met = Asked("trial", "research", ASKER, accepts=("NPU", "DUO:0000046"), minimum=2)
    assert infused(of(tmp_path, rows, rights, met)) == ["anna", "bert", "rolf", "rosa"]
    assert infused(of(tmp_path, rows, world.rights(), name="other")) == ["bert", "rolf", "rosa"]


def test_a_use_is_one_that_the_purpose_of_the_consents_covers(tmp_path: Path) -> None:
    lymphoma = "DUO:0000007 MONDO:0005062"
    rights = world.rights({TELLER: Declared((agreement(purposes=[lymphoma]),))})
    narrow = Asked("trial", "research", ASKER, "DS MONDO:0005062", minimum=2)
    assert len(infused(of(tmp_path, world.rows(), rights, narrow))) == 4
    for wide in ("DUO:0000042", "DUO:0000043"):
        with pytest.raises(CgtError, match="do not cover that use"):
            of(tmp_path, world.rows(), rights, Asked("trial", "research", ASKER, wide), name=wide)
    with pytest.raises(CgtError, match="no healthy partner"):
        of(tmp_path, world.rows(), rights, Asked("trial", "research", "nobody"), name="nobody")


def test_what_goes_to_everybody_is_permitted_to_each_partner(tmp_path: Path) -> None:
    everybody = Asked("trial", "research", EVERYBODY, minimum=2)
    rows = told_by(world.rows(), "administration", (TELLER,), (RIVAL,))
    rivals = Declared((agreement(),), (refusal(to={"role": "manufacturer"}, what=["administration"]),))
    out = of(tmp_path, rows, world.rights({TELLER: Declared((agreement(),)), RIVAL: rivals}), everybody)
    assert infused(out) == ["anna", "rolf"]
    with pytest.raises(GateClosed):
        of(tmp_path, rows, world.rights({TELLER: Declared((agreement(to={"partner": RIVAL}),))}), everybody, "none")


def test_the_manifest_says_by_what_and_the_log_says_what_was_left_out(tmp_path: Path) -> None:
    rows = told_by(world.rows(), "administration", (TELLER,), (RIVAL,), (RIVAL,), (TELLER,))
    one = agreement()
    rights, kept = world.rights({TELLER: Declared((one,))}), []
    done = share(world.release(tmp_path / "release", rows), world.KEY, ASKED, tmp_path / "out", rights, keep=kept.append)
    said = json.loads((done.folder / "manifest.json").read_text())
    assert (said["recipient"], said["use"]) == (ASKER, "DUO:0000006")
    assert said["tables"]["administration"]["agreements"] == {"teller/all": one.digest}
    assert said["tables"]["batch"]["agreements"] == {"teller/all": one.digest}
    assert RIVAL not in json.dumps(said)
    (left,) = [one for one in done.not_permitted if one.table == "administration"]
    assert (left.partner, left.rows) == (RIVAL, 2)
    assert "administration_id" in left.columns
    (record,) = kept
    assert record["share"]["tables"]["administration"] == {"rows": 2, "agreements": ["teller/all"]}
    assert record["agreements"] == {"teller/all": one.digest}
    assert {one["partner"] for one in record["share"]["left_out"]} == {RIVAL}
    refused = [one for one in record["decisions"] if not one["is_allowed"]]
    assert {(one["contributor"], one["form"], one["as_of"]) for one in refused} == {(RIVAL, "row", "2025-11-07")}
    json.dumps(record)


def test_an_age_that_is_held_back_still_hides_the_younger_ones(tmp_path: Path) -> None:
    """At 92 in a row of the rival's, at 70 in one that the recipient may see: with a day between they tell the age."""
    rows = told_by(world.rows(), "journey", (TELLER,), (RIVAL,))
    for row in rows["journey"]:
        row["age_years"] = 92 if row["subject_id"] == person("bert") else 50
    for row in rows["event"]:
        row["age_years"] = 70 if row.get("subject_id") == person("bert") else 60
    out = of(tmp_path, rows, world.rights())
    assert 92 not in world.table(out, "journey")["age_years"]
    assert 70 not in world.table(out, "event")["age_years"]


def test_words_and_share_say_the_same(release: Release, tmp_path: Path) -> None:
    """A column of the teller's rows is in the share where `rights explain` says yes, and nowhere else."""
    terms = {"tables": ["administration", "journey", "batch"], "columns": {"administration.dose_per_kg_10_6": "private"}}
    rights = world.rights({TELLER: Declared((agreement(**terms),), (refusal(what=["journey.modality_code"]),))})
    everything = world.made(release, tmp_path / "all").folder
    out = world.made(release, tmp_path / "out", by=rights).folder
    for table in ("administration", "journey", "batch", "event", "timeline"):
        told = explain(rights, ASKER, table, Use("DUO:0000006"), date(2025, 11, 6))
        allowed = {one.column for one in told.columns if _row(one.others)}
        full = {name for name in world.table(everything, table).columns if not name.endswith("_day")}
        filled = {name for name in full if world.table(everything, table)[name].null_count() < world.table(everything, table).height}
        mine = world.table(out, table)
        shown = {name for name in full if mine[name].null_count() < mine.height}
        assert shown == filled & allowed, table


def _row(answers: Any) -> bool:
    return any(one.is_allowed for one in answers if one.form == "row" and one.contributor == TELLER)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """All told by one."""
    return world.release(tmp_path_factory.mktemp("one"), world.rows())


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Of each table some rows told by one, some by another, some by both and some by the recipient; ages around 90."""
    rows = world.rows()
    for shift, table in enumerate(sorted(rows)):
        tellers = [(TELLER,), (RIVAL,), (TELLER,), (TELLER, RIVAL), (ASKER,)]
        if table not in ("party", "site", "row_source"):
            told_by(rows, table, *tellers[shift % 3 :], *tellers[: shift % 3])
    for number, row in enumerate(rows["event"]):
        row["age_years"] = 70 if number % 3 else 91
    return world.release(tmp_path_factory.mktemp("mixed"), rows)


def cells(out: Path) -> Counter[tuple[str, str, object]]:
    """How often each value is in each column, and how many rows a table has. Of columns that day 0 decides, how many are not empty."""
    found: Counter[tuple[str, str, object]] = Counter()
    for table in NAMED:
        frame = world.table(out, table)
        found[table, "", ""] = frame.height
        for name in frame.columns:
            values = [one for one in frame[name] if one not in (None, SUPPRESSED)]
            turns = name.endswith("_day") or name in ("component_id", "index_event_code")
            found.update((table, name, "" if turns else one) for one in values)
    return found


_COLUMNS = ["administration.started_date", "administration.subject_id", "journey.age_years", "event.age_years", "collection.site_id"]
_AGREEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "tables": st.lists(st.sampled_from(NAMED), min_size=4, unique=True),
        "populations": st.sampled_from([["auto_cart"], ["hsct"], ["auto_cart", "hsct"]]),
        "first_day": st.sampled_from([date(2025, 10, 7), date(2025, 11, 4)]),
        "last_day": st.sampled_from([date(2025, 11, 4), date(2025, 11, 6)]),
    },
)
_REFUSALS = st.builds(
    lambda number, what: refusal(refusal=f"r{number}", what=what),
    st.integers(0, 99),
    st.lists(st.sampled_from([*NAMED, *_COLUMNS]), min_size=1, max_size=3, unique=True),
)
_STRICTER: list[dict[str, Any]] = [
    {"tier": "aggregate_only"},
    {"conditions": ["DUO:0000019"]},
    {"populations": ["auto_cart"]},
    {"first_day": date(2025, 11, 4)},
    {"last_day": date(2025, 11, 4)},
    {"expires": date(2025, 11, 1)},
    {"to": {"partner": RIVAL}},
]


@given(
    st.tuples(_AGREEMENTS, _AGREEMENTS),
    st.one_of(_REFUSALS, st.sampled_from(_STRICTER), st.lists(st.sampled_from(NAMED), min_size=1, max_size=4, unique=True)),
    st.sampled_from([TELLER, RIVAL]),
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_restriction_adds_a_row_or_a_cell(
    mixed: Release, tmp_path_factory: pytest.TempPathFactory, terms: Any, restriction: Any, whose: str
) -> None:
    by = dict(zip((TELLER, RIVAL), terms, strict=True))
    before = {name: Declared((agreement(**one),)) for name, one in by.items()}
    after = before | {whose: _restricted(by[whose], restriction)}
    folder = tmp_path_factory.mktemp("shares")
    wide = _shared(mixed, before, folder / "before")
    narrow = _shared(mixed, after, folder / "after")
    assert {cell: (count, wide[cell]) for cell, count in narrow.items() if count > wide[cell]} == {}


def _shared(release: Release, declared: dict[str, Declared], out: Path) -> Counter[tuple[str, str, object]]:
    try:
        return cells(world.made(release, out, by=world.rights(declared)).folder)
    except GateClosed:
        return Counter()


def _restricted(terms: dict[str, Any], restriction: Refusal | dict[str, Any] | list[str]) -> Declared:
    """What was declared, and a refusal; or the agreement with stricter terms, or without some of its tables."""
    if isinstance(restriction, Refusal):
        return Declared((agreement(**terms),), (restriction,))
    if isinstance(restriction, list):
        left = [one for one in terms.get("tables", NAMED) if one not in restriction]
        return Declared((agreement(**terms | {"tables": left}),) if left else ())
    narrowed = {name: value for name, value in restriction.items() if name not in terms}
    return Declared((agreement(**terms, **narrowed),) if narrowed else ())


def test_frames_of_no_rows_are_no_problem(tmp_path: Path) -> None:
    rows = world.rows() | {"shipment": [], "measurement": []}
    assert isinstance(world.table(of(tmp_path, rows, world.rights()), "shipment"), pl.DataFrame)
