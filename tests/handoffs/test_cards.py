"""The figures of cards against a plain script, on a small warehouse made by hand; what may not be told of others."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from datetime import timedelta

import duckdb
import pytest

from cgt_etl.errors import CgtError
from cgt_etl.handoffs.cards import figures
from cgt_etl.handoffs.cards.card import Card, Statement
from tests.handoffs import card_world
from tests.handoffs.card_world import COLLECTORS, COURIER, HOSPITALS, MANUFACTURER, PARTIES

SLOW = COLLECTORS[1]
RELEASE = "0007-0123456789abcdef"


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with card_world.build(journeys=60, slow=SLOW) as connection:
        yield connection


@pytest.fixture(scope="module")
def cards(warehouse: duckdb.DuckDBPyConnection) -> dict[str, Card]:
    net = figures.network(warehouse, RELEASE)
    return {partner: figures.card(net, partner) for partner in PARTIES}


def _said(card: Card, key: str) -> Statement:
    return next(one for one in card.statements if one.key == key)


def test_every_count_can_be_counted_again_from_the_card_alone(warehouse: duckdb.DuckDBPyConnection, cards: dict[str, Card]) -> None:
    counted = 0
    for partner, card in cards.items():
        for one in card.statements:
            text, given = card.queries[one.query], {"party": partner} if "$party" in card.queries[one.query] else {}
            again = warehouse.execute(f"select {one.counted} from ({text}) where {one.where}", given).fetchone()
            if one.count is not None:
                assert again == (one.count,), (partner, one.key)
                counted += 1
    assert counted > 100


def test_a_collectors_figures_are_those_of_a_plain_script(warehouse: duckdb.DuckDBPyConnection, cards: dict[str, Card]) -> None:
    card, partner = cards[SLOW], SLOW
    rows = warehouse.execute(
        "select sender_last_act_at_utc, sent_at_utc, identity_verdict from handoff where sender_party_id = ?", [partner]
    )
    given = rows.fetchall()
    hours = [(sent - ended).total_seconds() / 3600 for ended, sent, _ in given]
    packing = _said(card, "hours.H07_before_giving")
    assert packing.value == pytest.approx(statistics.median(hours), abs=1e-3)
    ranked = sorted(hours)
    # of 60, the 22nd and the 39th: binomial(60, 1/2) leaves less than 2.5 % on either side of them
    assert (packing.low, packing.high) == pytest.approx((ranked[21], ranked[38]), abs=1e-3)
    assert sum(math.comb(60, k) for k in range(22)) / 2**60 < 0.025 < sum(math.comb(60, k) for k in range(23)) / 2**60
    wrong = _said(card, "stake.treatments")
    assert (wrong.count, wrong.of) == (sum(verdict == "discrepant" for *_, verdict in given), 60) == (1, 60)
    post = _said(card, "missing.CE1.post_counts.own")
    assert (post.count, post.of) == (20, 60)
    assert post.text.startswith("missing post-counts block CE1 in 20 of 60 runs")


def test_what_became_of_treatments_is_counted_by_treatment(warehouse: duckdb.DuckDBPyConnection, cards: dict[str, Card]) -> None:
    rows = warehouse.execute(
        "select journey_id, attempt_count, infusion_count, therapy_order_id from journey "
        "where journey_id in (select journey_id from handoff where sender_party_id = ?)",
        [SLOW],
    ).fetchall()
    failed = {
        order for (order,) in warehouse.execute("select therapy_order_id from batch where disposition_code = 'terminated'").fetchall()
    }
    made = [row for row in rows if row[1]]
    counts = {
        key: (_said(cards[SLOW], f"downstream.{key}").count, _said(cards[SLOW], f"downstream.{key}").of)
        for key in ("manufactured", "failed", "infused")
    }
    path = _said(cards[SLOW], "downstream.path")
    assert (path.count, path.of) == (3, 60)  # by treatment, whatever the number of steps; R36 is no rule of paths
    assert counts == {
        "manufactured": (len(made), len(rows)),
        "failed": (sum(row[3] in failed for row in made), len(made)),
        "infused": (sum(row[2] for row in rows), len(rows)),
    }


def test_a_couriers_states_and_the_one_thing_to_do(cards: dict[str, Card]) -> None:
    by = {(kind.handoff_code, kind.side): kind for kind in cards[COURIER].kinds}
    gave = by["H08", "gave"]
    assert gave.count == gave.received + gave.open + gave.lost == 60 * len(COLLECTORS)
    assert (gave.lost, gave.overdue) == (4 * len(COLLECTORS), gave.open)
    assert by["H07", "received"].wrong == len(COLLECTORS)
    (action,) = cards[COURIER].of("action")
    assert "Scan every donation" in action.text  # an identity that differs comes before what concerns more treatments
    assert action.count == len(COLLECTORS)


def test_small_numbers_are_said_to_be_too_small() -> None:
    with card_world.build(collectors=1, journeys=4) as warehouse:
        card = figures.card(figures.network(warehouse, RELEASE), COLLECTORS[0])
    hours = _said(card, "hours.H07_before_giving")
    assert hours.low is None and hours.why_not == "too few" and "too few for an interval" in hours.text
    assert _said(card, "stake.treatments").value is None
    assert card.curve is None and not card.fate


def test_peers_are_told_from_eight_contributors_on(cards: dict[str, Card]) -> None:
    slow = _said(cards[SLOW], "peers.H07_before_giving")
    assert slow.low is not None and slow.high is not None and slow.low < 1.0 < slow.high  # it takes twice as long
    assert "slowest quarter" in slow.text and "bottleneck" in slow.text
    assert _said(cards[SLOW], "peers.hours.H07_before_giving").value
    for partner in (COURIER, MANUFACTURER):
        assert all(one.value is None and one.why_not for one in cards[partner].of("peers"))
    with card_world.build(collectors=7, journeys=60, slow=SLOW) as warehouse:
        card = figures.card(figures.network(warehouse, RELEASE), SLOW)
    assert [one.text for one in card.of("peers")] == ["not compared, fewer than 8 contributors: end of collection to packing"]
    assert all(one.value is None for one in card.of("peers"))


def test_what_is_done_after_the_cut_moves_no_place(warehouse: duckdb.DuckDBPyConnection, cards: dict[str, Card]) -> None:
    cut = f"timestamp '{cards[SLOW].compared_until}'"
    warehouse.execute("begin")
    try:
        changed = (
            f"update handoff set sent_at_utc = sent_at_utc + interval 90 hour where sent_at_utc > {cut} and sender_party_id <> '{SLOW}'"
        )
        assert warehouse.execute(changed).fetchall() != [(0,)]
        again = figures.card(figures.network(warehouse, RELEASE), SLOW)
    finally:
        warehouse.execute("rollback")
    assert again.of("peers") == cards[SLOW].of("peers")


def test_outcomes_of_few_people_are_not_shown(cards: dict[str, Card]) -> None:
    few = _said(cards[SLOW], "downstream.severe")
    assert few.count is None and few.value is None and "fewer than 11 people" in few.text
    many = _said(cards[COURIER], "downstream.severe")
    assert many.of is not None and many.of >= 11 and many.count is not None and many.count >= 11


def test_the_same_rows_in_another_order_make_the_same_card(warehouse: duckdb.DuckDBPyConnection, cards: dict[str, Card]) -> None:
    with duckdb.connect() as other:
        for name, columns in card_world.TABLES.items():
            rows = warehouse.execute(f"select * from {name} order by hash({columns.split()[0]})").pl()
            other.execute(f"create table {name} ({columns})")
            other.register("given", rows)
            other.execute(f"insert into {name} from given")
        net = figures.network(other, RELEASE)
        for partner in (SLOW, COURIER, HOSPITALS[0]):
            assert figures.card(net, partner) == cards[partner]


def test_a_statement_keeps_its_id_through_a_quarter_and_no_longer(cards: dict[str, Card], warehouse: duckdb.DuckDBPyConnection) -> None:
    ids = [one.id for card in cards.values() for one in card.statements]
    assert len(set(ids)) == len(ids)
    warehouse.execute("begin")
    try:
        warehouse.execute("update handoff set received_at_utc = received_at_utc + interval 1 hour where received_at_utc is not null")
        sooner = figures.card(figures.network(warehouse, RELEASE), SLOW)
        warehouse.execute("update handoff set received_at_utc = received_at_utc + interval 100 day where received_at_utc is not null")
        later = figures.card(figures.network(warehouse, RELEASE), SLOW)
    finally:
        warehouse.execute("rollback")
    key = "handoffs.H07.gave"
    assert _said(sooner, key).id == _said(cards[SLOW], key).id != _said(later, key).id


def test_a_partner_looks_where_its_own_files_say(cards: dict[str, Card]) -> None:
    (look,) = cards[SLOW].looks
    assert (look.feed, look.wrong, look.delivery.split("/")[0]) == ("records", "identities differ", SLOW)
    assert not any(look.delivery for look in cards[MANUFACTURER].looks)  # what it never received, it has no record of


def test_a_change_of_pace_is_charted() -> None:
    with card_world.build(collectors=1, journeys=60) as warehouse:
        begin = card_world.BEGIN + timedelta(days=6 * 40)
        warehouse.execute(
            "update transition set ended_at_utc = ended_at_utc + interval 30 hour, duration_h = duration_h + 30"
            " where transition_code = 'H07_before_giving' and ended_at_utc > ?",
            [begin],
        )
        card = figures.card(figures.network(warehouse, RELEASE), COLLECTORS[0])
    (stage,) = card.stages
    assert stage.changed.startswith("slower since 2026-0")


def test_a_site_has_a_card_of_its_own_where_there_are_several() -> None:
    both = COLLECTORS[0]
    with card_world.build(collectors=2, journeys=30, two_sites=both) as warehouse:
        net = figures.network(warehouse, RELEASE)
        assert figures.sites(net, both) == [f"{both}.main", f"{both}.second"]
        assert figures.sites(net, COLLECTORS[1]) == figures.sites(net, COURIER) == []
        whole = figures.card(net, both)
        parts = {site: figures.card(net, both, site=site) for site in figures.sites(net, both)}
        with pytest.raises(CgtError, match="no site"):
            figures.card(net, both, site=f"{COURIER}.main")
        for site, card in parts.items():
            for one in card.statements:
                text = card.queries[one.query]
                given = {name: value for name, value in (("party", both), ("site", site)) if f"${name}" in text}
                again = warehouse.execute(f"select {one.counted} from ({text}) where {one.where}", given).fetchone()
                assert one.count is None or again == (one.count,), one.key
    main, second = parts.values()
    for key, of in (("handoffs.H07.gave", "count"), ("stake.treatments", "of"), ("hours.H07_before_giving", "count")):
        assert getattr(_said(main, key), of) + getattr(_said(second, key), of) == getattr(_said(whole, key), of)
    assert _said(second, "handoffs.H07.gave").count == 10
    made = [_said(card, "downstream.manufactured") for card in (main, second, whole)]
    assert made[0].count + made[1].count == made[2].count and made[1].of == 10
    lacking = [_said(card, "missing.CE1.post_counts.own") for card in (second, whole)]
    assert (lacking[0].count, lacking[0].of) == (10, 10) and (lacking[1].count, lacking[1].of) == (10, 30)  # every third, as the site
    assert not second.feeds and _said(second, "peers.site").value is None
    assert len({one.id for card in (main, second, whole) for one in card.statements}) == sum(
        len(card.statements) for card in (main, second, whole)
    )
