"""What the partner itself did: its handoffs, its hours, what goes wrong in them, what is at stake, and where to look.

Each function says its statements and gives what a plot or table of the card needs. Of others it tells nothing but their role.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from cgt_etl.handoffs import charts, intervals, peers
from cgt_etl.handoffs.cards import wording
from cgt_etl.handoffs.cards.card import TREATMENTS, Bar, Kind, Look, Stage
from cgt_etl.handoffs.cards.saying import Saying, in_hours

MOST_LOOKS = 6
"""Handoffs to look at that a card names; the others are counted."""
MOST_STAGES, MOST_CAUSES = 5, 4


def handoffs(told: Saying) -> tuple[Kind, ...]:
    """A line per kind and direction."""
    frame = told.ask.frame("own_handoff")
    counted = frame.group_by("handoff_code", "side").agg(
        count=pl.len(),
        overdue=pl.col("is_overdue").sum(),
        wrong=pl.any_horizontal(*wording.WRONG).sum(),
        **{state: (pl.col("status_code") == state).sum() for state in ("received", "open", "lost", "cancelled")},
    )
    kinds = []
    for row in counted.sort("side", "handoff_code", nulls_last=True).iter_rows(named=True):
        code, side = row["handoff_code"], row["side"]
        what, other = wording.kind(code)[0], wording.counterpart(code, side)
        kinds.append(Kind(**{**row, "handoff_code": code or ""}, what=what, counterpart=other))
        is_of = f"handoff_code = '{code}'" if code else "handoff_code is null"
        verb = "given to" if side == "gave" else "received from"
        told.say(
            "handoffs",
            f"handoffs.{code}.{side}",
            f"{wording.many(row['count'], 'handoff')} ({what}) {verb} the {other}: {row['received']} received, {row['open']} open "
            f"({row['overdue']} past the limit), {row['lost']} lost, {row['cancelled']} cancelled",
            "own_handoff",
            f"{is_of} and side = '{side}'",
            count=row["count"],
        )
    return tuple(kinds)


def hours(told: Saying) -> tuple[Stage, ...]:
    """Own hours by stage: median with interval, what lies beyond the limit, what the control chart says."""
    own = told.net.stages.filter(pl.col("party_id") == told.partner)
    own = own.filter(pl.col("site_id") == told.site) if told.site else own
    stages = []
    for key, part in sorted(own.group_by("transition"), key=lambda item: (-item[1].height, str(item[0]))):
        transition = str(key[0])
        cases = part.sort("done_at_utc", "transition_id")
        hours = cases["hours"].to_numpy()
        label = wording.STAGES.get(transition, transition)
        around = intervals.median(hours)
        limit = cases["limit_h"].max()
        beyond = cases.filter(pl.col("hours") > pl.col("limit_h")).height
        changed = _changed(cases)
        text = f"{label}: median {in_hours(float(np.median(hours)))} over {wording.many(cases.height, 'case')}"
        text += f" ({in_hours(around[0], '')} to {in_hours(around[1])})" if around else ", too few for an interval"
        text += f"; {beyond} beyond the limit of {in_hours(float(limit))}" if limit is not None else ""  # type: ignore[arg-type]
        figures: dict[str, Any] = {"low": around[0], "high": around[1]} if around else {"why_not": "too few"}
        where = told.own_stages(transition)
        text += f"; {changed}" if changed else ""
        figures |= {"count": cases.height, "value": float(np.median(hours)), "unit": "h"}
        one = told.say("hours", f"hours.{transition}", text, "stage_hours", where, **figures)
        low, high = around or (None, None)
        known_limit = None if limit is None else float(limit)  # type: ignore[arg-type]
        stages.append(Stage(transition, label, tuple(hours), float(np.median(hours)), low, high, known_limit, beyond, changed, one.id))
    return tuple(stages[:MOST_STAGES])


def causes(told: Saying) -> tuple[Bar, ...]:
    """What went wrong, by the treatments concerned; then what rules found in the partner's own records."""
    of = told.ask.count("own_handoff", counted=TREATMENTS)
    found = []
    for flag, words in wording.WRONG.items():
        count = told.ask.count("own_handoff", flag, TREATMENTS)
        if count:
            told.wrong[flag] = count
            found.append((flag, words))
    bars = []
    for flag, words in sorted(found, key=lambda one: -told.wrong[one[0]])[:MOST_CAUSES]:
        one = told.share("causes", f"causes.{flag}", words, "own_handoff", flag, counted=TREATMENTS)
        low, high = intervals.share(told.wrong[flag], of)
        bars.append(Bar(wording.SHORT[flag], told.wrong[flag], of, low, high, one.id))
    if told.site:
        return tuple(bars)  # a file is the organisation's
    rules = told.ask.frame("own_finding").group_by("rule_id", "effect").len().sort("len", "rule_id", descending=[True, False])
    for rule, effect, count in rules.head(2).iter_rows():
        where = f"rule_id = '{rule}' and effect = '{effect}'"
        text = f"in your own files: {wording.ruled(effect)} {count} times by {rule}, {wording.rule(rule)}"
        told.say("causes", f"causes.rule.{rule}.{effect}", text, "own_finding", where, count=count)
    return tuple(bars)


def stake(told: Saying) -> None:
    """Treatments and hours at stake."""
    if not told.ask.count("own_handoff"):
        return
    words = "treatments with something wrong in your handoffs"
    told.share("stake", "stake.treatments", words, "own_handoff", wording.ANY_WRONG, counted=TREATMENTS)
    frame = told.ask.frame("own_handoff").select(
        beyond=pl.max_horizontal(pl.col("transit_h") - pl.col("transit_limit_h"), pl.lit(0.0)), open_h=pl.col("open_h")
    )
    beyond = frame["beyond"].to_numpy()
    around = intervals.total(beyond)
    text = f"hours on the way beyond the limits: {in_hours(float(beyond.sum()))} over {wording.many(len(beyond), 'handoff')}"
    text += f" ({in_hours(around[0], '')} to {in_hours(around[1])} in as many again)" if around else ", too few for an interval"
    figures: dict[str, Any] = {"low": around[0], "high": around[1]} if around else {"why_not": "too few"}
    count, hours = int((beyond > 0).sum()), float(beyond.sum())
    where = "transit_h > transit_limit_h"
    told.say("stake", "stake.hours", text, "own_handoff", where, count=count, of=len(beyond), value=hours, unit="h", **figures)
    late = told.ask.frame("own_handoff", "is_overdue")
    if late.height:
        oldest = float(late["open_h"].max()) / 24  # type: ignore[arg-type]
        text = f"open past their limit: {wording.many(late.height, 'handoff')}, the oldest for {oldest:.0f} days"
        told.say("stake", "stake.open", text, "own_handoff", "is_overdue", count=late.height, of=len(beyond), value=oldest, unit="d")


def looks(told: Saying) -> tuple[tuple[Look, ...], int]:
    """The handoffs to look at, worst first, by where they stand in the partner's own deliveries."""
    bad = told.ask.frame("own_handoff", wording.ANY_WRONG)
    if not bad.height:
        return (), 0
    sequences = dict(
        told.net.connection.execute("select delivery_id, sequence from delivery where party_id = ?", [told.partner]).fetchall()
    )
    nearest = told.ask.frame("own_record").sort(
        "handoff_id", "rank_no", "source_delivery", "source_row", descending=[False, True, True, True]
    )
    records = {row["handoff_id"]: row for row in nearest.iter_rows(named=True)}
    rows = sorted(bad.iter_rows(named=True), key=_badness)
    looks = []
    for row in rows[:MOST_LOOKS]:
        record = records.get(row["handoff_id"], {})
        delivery, position = record.get("source_delivery"), record.get("source_row")
        looks.append(
            Look(
                handoff_code=row["handoff_code"] or "",
                side=row["side"],
                what=wording.kind(row["handoff_code"])[0],
                wrong=", ".join(wording.SHORT[flag] for flag in wording.WRONG if row[flag]),
                feed=delivery.split("/")[1] if delivery else "",
                sequence=str(sequences.get(delivery) or "") if delivery else "",
                delivery=delivery or "",
                position=None if position is None else int(position),
            )
        )
    return tuple(looks), len(rows) - len(looks)


def _badness(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Worst cause first; then the latest, which can still be mended."""
    worst = min(place for place, flag in enumerate(wording.WRONG) if row[flag])
    return worst, -(row["at_utc"].timestamp() if row["at_utc"] else 0), row["handoff_id"]


def _changed(part: pl.DataFrame) -> str:
    hours = part["hours"].clip(lower_bound=peers.SHORTEST_HOURS).log().to_numpy()
    if len(hours) <= charts.LEAST_BASELINE:
        return ""
    alarm = charts.first_alarm(hours)
    if alarm is None:
        return ""
    return f"{'slower' if alarm.is_up else 'faster'} since {part['done_at_utc'][alarm.since].date().isoformat()}"
