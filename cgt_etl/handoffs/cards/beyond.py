"""What lies beyond the partner's own acts: what became of its treatments, its place among peers, what was not captured or was promised; and
the one thing to do next.

Each function says its statements and gives what a plot or table of the card needs. Figures of peers come through `egress.peer_places`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from cgt_etl.egress import peer_places
from cgt_etl.egress.share import MINIMUM_CELL
from cgt_etl.handoffs import incidence, peers
from cgt_etl.handoffs.cards import wording
from cgt_etl.handoffs.cards.card import TREATMENTS, Bar, Curve, Feed
from cgt_etl.handoffs.cards.saying import Saying, in_hours, percent
from cgt_etl.landing.promises import Standing

LEAST_FOR_CURVE = peers.LEAST_CASES
"""Treatments from which on it is drawn how many are infused by when."""
DAY_SHOWN = 60
"""Infused by which day is said in words."""
IN_TIME = "least(infused_date, dropped_date, edge_date) >= collected_date"
"""Of `own_treatment`: what ended after it was collected, or has not ended."""
SEVERE = 3
"""CRS grade from which it is severe (Lee et al. 2019)."""
MISSING = "sum(missing_count)"


def downstream(told: Saying) -> tuple[tuple[Bar, ...], Curve | None]:
    """What became of the treatments that the partner had a hand in."""
    count = told.ask.count("own_treatment")
    if not count:
        return (), None
    bars = []
    made, decided = told.ask.count("own_treatment", "is_manufactured"), told.ask.count("own_treatment", "is_decided")
    for key, flag, of_where, words in wording.FATE:
        if not told.ask.count("own_treatment", of_where) or (of_where == "is_decided" and 2 * decided < made):
            continue
        one = told.share("downstream", f"downstream.{key}", f"treatments {words}", "own_treatment", flag, of_where=of_where)
        if one.of and one.low is not None and one.high is not None:
            bars.append(Bar(words, one.count or 0, one.of, one.low, one.high, one.id))
    if 2 * decided < made:
        text = f"batches released and failed: not told, the disposition is on record for {decided} of {wording.many(made, 'treatment')}"
        told.say("downstream", "downstream.decided", text, "own_treatment", "is_decided", count=decided, of=made, why_not="not captured")
    words = "treatments with a step out of its order (R20, R21, R45)"
    told.share("downstream", "downstream.path", words, "own_treatment", "deviation_count > 0")
    _severe(told)
    frame = told.ask.frame("own_treatment", IN_TIME).with_columns(ended=pl.min_horizontal("infused_date", "dropped_date", "edge_date"))
    return tuple(bars), _infused(told, frame) if frame.height >= LEAST_FOR_CURVE else None


def _severe(told: Saying) -> None:
    """Of people, what their hospitals told: from the minimum cell on, in the numerator too, as in anything shared (R52)."""
    where = f"worst_grade >= {SEVERE}"
    count, of = told.ask.count("own_outcome", where), told.ask.count("own_outcome")
    if not of:
        return
    words = f"cytokine release of grade {SEVERE} or more"
    if of < MINIMUM_CELL or 0 < count < MINIMUM_CELL or 0 < of - count < MINIMUM_CELL:
        text = f"{words}: not shown, fewer than {MINIMUM_CELL} people in a cell"
        told.say("downstream", "downstream.severe", text, "own_outcome", where, why_not="too few people")
    else:
        told.share("downstream", "downstream.severe", words, "own_outcome", where)


def _infused(told: Saying, frame: pl.DataFrame) -> Curve:
    event = (
        pl.when(pl.col("infused_date").is_not_null() & (pl.col("infused_date") <= pl.col("ended")))
        .then(1)
        .when(pl.col("dropped_date").is_not_null() & (pl.col("dropped_date") <= pl.col("ended")))
        .then(2)
        .otherwise(0)
    )
    seen = frame.select(days=(pl.col("ended") - pl.col("collected_date")).dt.total_days().cast(pl.Float64), event=event.cast(pl.Int64))
    found = incidence.cumulative(seen["days"].to_numpy(), seen["event"].to_numpy()).filter(pl.col("event") == 1)
    by = found.filter(pl.col("days") <= DAY_SHOWN).tail(1)
    dropped, waiting = int((seen["event"] == 2).sum()), int((seen["event"] == 0).sum())
    of = wording.many(seen.height, "treatment")
    if by.height:
        share, low, high = (float(by[name][0]) for name in ("incidence", "low", "high"))
        text = f"infused by day {DAY_SHOWN} after collection: {percent(share)} ({percent(low, '')} to {percent(high)}) of {of}"
        text += f"; {dropped} dropped out, {waiting} still waiting"
        figures: dict[str, Any] = {"value": share, "low": low, "high": high, "unit": "1"}
    else:
        text, figures = f"none of {of} infused by day {DAY_SHOWN} after collection; {waiting} still waiting", {"value": 0.0, "unit": "1"}
    told.say("downstream", "downstream.infused_by", text, "own_treatment", IN_TIME, count=seen.height, **figures)
    lists = {name: tuple(float(value) for value in found[name]) for name in ("days", "incidence", "low", "high")}
    return Curve(lists["days"], lists["incidence"], lists["low"], lists["high"], seen.height, dropped, waiting)


def places(told: Saying) -> None:
    """The place among peers, as far as `egress` lets it out: of organisations, not of their sites."""
    if told.site:
        own = f"party_id = '{told.partner}' and site_id = '{told.site}'"
        text, why = "compared with peers on the card of the whole organisation", "organisations are compared"
        told.say("peers", "peers.site", text, "stage_hours", own, count=told.ask.count("stage_hours", own), why_not=why)
        return
    where = f"done_at_utc < timestamp '{told.net.cut.date().isoformat()}' and party_id = '{told.partner}'"
    untold: dict[str, list[peer_places.Place]] = {}
    for place in peer_places.places(told.net.compared, told.partner):
        label = wording.STAGES.get(place.transition, place.transition)
        own = f"{where} and transition = '{place.transition}'"
        key = f"peers.{place.transition}"
        if place.why_not:
            untold.setdefault(place.why_not, []).append(place)
            continue
        pace, low, high = (percent(float(value or 0), sign=True) for value in (place.excess, place.excess_low, place.excess_high))
        text = f"{label}: {pace} hours against your peers ({low} to {high}), in {place.quarter}"
        if place.is_bottleneck:
            told.slow.append(place)
            text += ": a bottleneck"
        told.say(
            "peers", key, text, "stage_hours", own, count=place.cases, value=place.excess, low=place.excess_low, high=place.excess_high,
            unit="1",
        )  # fmt: skip
    for place in told.slow:
        saved = (place.recoverable_hours or 0.0, place.recoverable_low or 0.0, place.recoverable_high or 0.0)
        text = "{}: {} above your peers' pace could be recovered ({} to {})".format(
            wording.STAGES.get(place.transition, place.transition), *map(in_hours, saved)
        )
        own = f"{where} and transition = '{place.transition}'"
        figures = {"value": saved[0], "low": saved[1], "high": saved[2], "unit": "h"}
        told.say("peers", f"peers.hours.{place.transition}", text, "stage_hours", own, count=place.cases, **figures)
    for why, these in sorted(untold.items()):
        labels = "; ".join(wording.STAGES.get(place.transition, place.transition) for place in these)
        among = ", ".join(f"'{place.transition}'" for place in these)
        own, cases = f"{where} and transition in ({among})", sum(place.cases for place in these)
        told.say("peers", f"peers.untold.{why}", f"not compared, {why}: {labels}", "stage_hours", own, count=cases, why_not=why)


def missing(told: Saying) -> None:
    """What could not be computed because it was not captured: the partner's own first."""
    rows = told.ask.frame("missing").sort(pl.col("side") != "own", "side", -pl.col("missing_count"), "blocks", "missing")
    for blocks, missing, side, count, of in rows.iter_rows():
        words, thing, _ = wording.MISSING[(blocks, missing)]
        where = f"blocks = '{blocks}' and missing = '{missing}' and side = '{side}'"
        text = f"{words} in {count} of {wording.many(of, thing)} ({wording.SIDES[side]})"
        told.say("missing", f"missing.{blocks}.{missing}.{side}", text, "missing", where, counted=MISSING, count=count, of=of)
        if side == "own":
            told.own_missing.append((blocks, missing, count, of))


def promised(told: Saying, standings: Iterable[Standing]) -> tuple[Feed, ...]:
    """A line per feed, promised or delivered."""
    came = {row["feed"]: row for row in told.ask.frame("own_delivery").iter_rows(named=True)}
    stands = {one.feed: one for one in standings if one.partner == told.partner}
    feeds = []
    for name in sorted(came.keys() | stands.keys()):
        row, standing = came.get(name, {}), stands.get(name)
        often = standing.promise.every_days if standing else None
        promise = f"every {often} d" if often else "declared"
        verdict = standing.verdict if standing else ""
        files, refused, units, aside = (int(row.get(f"{key}_count", 0)) for key in ("file", "refused", "unit", "set_aside_unit"))
        feeds.append(Feed(name, promise, verdict, files, refused, units, aside))
        text = f"{name}: {promise}{f', {verdict}' if verdict else ''}; {wording.many(files, 'file')}, {refused} refused, "
        text += f"{aside} of {units} records set aside"
        told.say("promised", f"promised.{name}", text, "own_delivery", f"feed = '{name}'", counted="sum(file_count)", count=files)
    return tuple(feeds)


def action(told: Saying) -> None:
    """One thing to do: what is dangerous first, then where most hours are lost, then what the partner did not capture."""
    slow = max(told.slow, key=lambda one: one.recoverable_hours or 0.0, default=None)
    if "is_identity_wrong" in told.wrong or (told.wrong and slow is None):
        _mend(told, "is_identity_wrong" if "is_identity_wrong" in told.wrong else max(told.wrong, key=lambda one: told.wrong[one]))
    elif slow is not None:
        label = wording.STAGES.get(slow.transition, slow.transition)
        saved = (in_hours(value or 0.0) for value in (slow.recoverable_hours, slow.recoverable_low, slow.recoverable_high))
        text = wording.FASTER.format(label, *saved)
        where = f"party_id = '{told.partner}' and transition = '{slow.transition}'"
        told.say("action", "action", text, "stage_hours", where, count=slow.cases, value=slow.recoverable_hours, unit="h")
    elif told.own_missing:
        blocks, missing, count, of = told.own_missing[0]
        _, thing, todo = wording.MISSING[(blocks, missing)]
        text = f"{todo} It is missing in {count} of {wording.many(of, thing)}."
        where = f"blocks = '{blocks}' and missing = '{missing}' and side = 'own'"
        told.say("action", "action", text, "missing", where, counted=MISSING, count=count, of=of)
    else:
        told.say("action", "action", wording.NOTHING, "own_handoff", wording.ANY_WRONG, count=0)


def _mend(told: Saying, flag: str) -> None:
    sides = told.ask.frame("own_handoff", flag).group_by("handoff_code", "side").len()
    most = sides.sort("len", "handoff_code", "side", descending=[True, False, False], nulls_last=True)
    other = wording.counterpart(most["handoff_code"][0], most["side"][0])
    at_stake = told.ask.count("own_handoff", wording.ANY_WRONG, TREATMENTS)
    is_receiver = flag == "is_overdue" and most["side"][0] == "received"
    text = (wording.RECEIVER_OVERDUE if is_receiver else wording.ACTIONS[flag]).format(counterpart=other)
    text += f" It concerns {told.wrong[flag]} of the {wording.many(at_stake, 'treatment')} at stake."
    told.say("action", "action", text, "own_handoff", flag, counted=TREATMENTS, count=told.wrong[flag], of=at_stake)
