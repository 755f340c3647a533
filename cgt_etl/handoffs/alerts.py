"""Which breaches of handoffs are news: each is told once, and again only after it ended and came again.

A breach is a finding of a rule of handoffs whose severity is not minor, something open for too long (R26), a bottleneck, or a control chart
whose hours have risen. Those that stand are kept in `$CGT_HOME/alerts.json`, with the release that they were looked for in and what was
news in it: asked again about the same release, after a kill say, the answer is the same. Whoever asks does the telling; no channel here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl

from cgt_etl.errors import CgtError
from cgt_etl.handoffs import cases, charts, found, peers, told
from cgt_etl.landing import durable
from cgt_etl.release import digest
from cgt_etl.release.read import Release
from cgt_etl.release.rules_catalogue import catalogue
from cgt_etl.settings import Settings, fault_point

OPEN_TOO_LONG = "R26"
FEW = 5
"""Ids in a sentence; the table `finding` has all."""
TABLES = frozenset({"transition", "finding"})


@dataclass(frozen=True)
class Breach:
    """`kind`: a rule's id, `bottleneck` or `chart`. `of`: a finding's id, or a transition at a site. `said`: for people."""

    kind: str
    of: str
    said: str

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.of}"


@dataclass(frozen=True)
class State:
    """What the last look left. `open`: breaches that stand. `told`: rows of `told.STATE`. `news`: sentences told of `release`."""

    release: str | None = None
    open: list[str] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    news: list[str] = field(default_factory=list)


def news(settings: Settings, release: Release) -> list[str]:
    """Look for breaches in a new release, keep what stands, and say what is new, one sentence for each kind or place.

    Raises:
        CgtError: the file of what stands is damaged.
    """
    before = load(settings)
    if release.id == before.release:
        return before.news
    if not set(release.tables) >= TABLES:
        return []
    finished = cases.finished(release)
    standing, remembered = _bottlenecks(finished, pl.DataFrame(before.told, schema=told.STATE), release.id)
    standing += [*_by_rule(release), *risen(finished)]
    new = [one for one in standing if one.id not in set(before.open)]
    after = State(release.id, sorted(one.id for one in standing), remembered.to_dicts(), list(_sentences(new)))
    durable.replace_file(settings.alerts, [digest.json_text(asdict(after)).encode()], 0o600)
    fault_point("alerts.kept")
    return after.news


def load(settings: Settings) -> State:
    """What the last look left; nothing before the first.

    Raises:
        CgtError: the file is damaged.
    """
    try:
        return State(**json.loads(settings.alerts.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, TypeError) as error:
        raise CgtError("alerts.json is damaged", remedy="Restore it, or remove it: all that stands is then told again") from error


def _bottlenecks(finished: pl.DataFrame, remembered: pl.DataFrame, snapshot: str) -> tuple[list[Breach], pl.DataFrame]:
    """Those that stand: found now, or found before and still possible (`told`)."""
    compared = peers.compare(finished)
    _, after = told.tell(compared, remembered, snapshot)
    said = {one.id: one.said for one in found.bottlenecks(compared)}
    places = [found.place(row["transition"], row["site"]) for row in after.iter_rows(named=True)]
    return [Breach("bottleneck", name, said.get(name, "")) for name in places], after


def _by_rule(release: Release) -> list[Breach]:
    worth = {rule["rule_id"] for rule in catalogue() if rule["severity"] != "minor"} | {OPEN_TOO_LONG}
    return [Breach(one.rule, one.id, one.said) for one in found.by_rule(release) if one.rule in worth and one.rule]


def risen(finished: pl.DataFrame) -> Iterator[Breach]:
    """Control charts of log hours, of what `cases.finished` returned, whose upper sum has passed the limit and not come to rest since."""
    for (transition, site), part in finished.group_by("transition", "site", maintain_order=True):
        series = part["hours"].clip(lower_bound=peers.SHORTEST_HOURS).log().to_numpy()
        if len(series) > charts.LEAST_BASELINE:
            up, _ = charts.sums(charts.standardised(series)[charts.LEAST_BASELINE :])
            beyond, resting = np.flatnonzero(up > charts.LIMIT), np.flatnonzero(up <= 0)
            if len(beyond) and (not len(resting) or beyond[-1] > resting[-1]):
                yield Breach("chart", found.place(str(transition), str(site)), "control chart: hours have risen")


def _sentences(new: list[Breach]) -> Iterator[str]:
    places = [one for one in new if one.kind in ("bottleneck", "chart")]
    yield from sorted(f"{one.of}: {one.said}" for one in places)
    findings = sorted((one for one in new if one not in places), key=lambda one: (one.kind, one.of))
    for _, group in groupby(findings, key=lambda one: one.kind):
        listed = list(group)
        more = f" and {len(listed) - FEW} more" if len(listed) > FEW else ""
        yield f"{listed[0].said}: {', '.join(one.of for one in listed[:FEW])}{more}"
