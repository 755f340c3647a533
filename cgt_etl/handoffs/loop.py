"""From finding to verdict: which findings stand, what was done and said about each, and whether it helped.

Brings together what a release finds (`found`), what people wrote down (`journal`) and the test of an action (`actions`). Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

import polars as pl

from cgt_etl.errors import CgtError
from cgt_etl.handoffs import actions, cases
from cgt_etl.handoffs.found import Found, findings
from cgt_etl.handoffs.journal import Action, Said, of_finding
from cgt_etl.release.read import Release

SHOWN = 20
"""Findings that nobody has acted on or disputed, in a list."""


class Verdict(NamedTuple):
    """On one action."""

    action: Action
    judged: actions.Judged

    def line(self) -> str:
        """For the terminal."""
        said = self.judged
        rests = f"{said.cases_before} cases before, {said.cases_after} after, {said.comparators} comparators"
        if said.change is None or said.low is None or said.high is None:
            return f"{self.action.id}  {said.verdict}  ({rests})"
        change = f"{100 * said.change:+.0f} % hours (95 %: {100 * said.low:+.0f} to {100 * said.high:+.0f}), p {said.p:.3f}"
        return f"{self.action.id}  {said.verdict}  {change}, hoped for {100 * self.action.expected:+.0f} %  ({rests})"


def verdicts(release: Release, made: Iterable[Said], only: str | None = None) -> list[Verdict]:
    """Judge every action, or that of one id, on a release.

    Raises:
        CgtError: there is no such action.
    """
    taken = sorted((one for one in made if isinstance(one, Action)), key=lambda one: (one.start, one.id))
    asked = [one for one in taken if only in (None, one.id)]
    if only is not None and not asked:
        raise CgtError("there is no such action", remedy="`cgt-etl actions list` names them")
    finished = cases.finished(release)
    return [Verdict(one, verdict(finished, one, taken)) for one in asked]


def verdict(finished: pl.DataFrame, action: Action, taken: Iterable[Action]) -> actions.Judged:
    """Judge one action on cases as `cases.finished` gives them.

    Its own site's cases count from the site's action before it to the one after it, so that no other change is judged with it; actions
    begun at the site on the same day cannot be told apart and share a verdict. What begins after the window counts nowhere.

    Args:
        finished: cases of every transition.
        action: the one judged.
        taken: all actions; those of other sites at the transition end their cases' use as comparators.
    """
    start = _day(action.start)
    beside = [one for one in taken if one.transition == action.transition]
    own = sorted(_day(one.start) for one in beside if one.site == action.site)
    since = max((day for day in own if day < start), default=float("-inf"))
    until = min((day for day in own if day > start), default=float("inf"))
    counted = finished.filter(
        (pl.col("transition") == action.transition)
        & (pl.col("at") < start + action.window_days)
        & ((pl.col("site") != action.site) | pl.col("at").is_between(since, until, closed="left"))
    )
    first: dict[str, float] = {}
    for one in beside:
        if one.site != action.site:
            first[one.site] = min(_day(one.start), first.get(one.site, float("inf")))
    others = [actions.Action(site, day, -0.5) for site, day in sorted(first.items())]
    return actions.judge(counted, actions.Action(action.site, start, action.expected), others)


def known(release: Release, made: Iterable[Said], finding: str) -> None:
    """Make sure that somebody can mean this finding.

    Raises:
        CgtError: neither the release has it nor does an entry name it.
    """
    if finding not in {one.finding for one in made} and finding not in {one.id for one in findings(release)}:
        raise CgtError("the release has no such finding of handoffs", remedy="`cgt-etl actions list --all` names them")


def lines(release: Release, made: Iterable[Said], *, has_all: bool) -> Iterator[str]:
    """Every finding that somebody acted on or disputed, with what was said of it; with `has_all` also the first of the others."""
    said = of_finding(made)
    standing = {one.id: one for one in findings(release)}
    for id_ in sorted(said):
        yield _heading(id_, standing.get(id_))
        yield from (f"  {one.line()}" for one in said[id_])
    left = [one for one in standing.values() if one.id not in said]
    if has_all:
        yield from (_heading(one.id, one) for one in left[:SHOWN])
    if len(left) > (SHOWN if has_all else 0):
        yield f"{len(left) - (SHOWN if has_all else 0)} more findings of handoffs, about which nobody has said anything"


def _heading(id_: str, found: Found | None) -> str:
    return f"{id_}  {found.said if found else 'a statement of a card, or not found in this release'}"


def _day(start: str) -> float:
    return float((date.fromisoformat(start) - date(1970, 1, 1)).days)
