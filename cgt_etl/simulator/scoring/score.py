"""How well a release, or a build that was held back, tells what the simulator's sealed truth says happened.

Compares person links, events, measurements, consents, grades of toxicity, product edges, handoffs, conservation of units, defects by
class, and delivered rows. Every night of the run must have been delivered. A token of a release is keyed, so nothing is matched by value:
a delivery by partner, feed and checksum of its bytes, a record by its position.

Targets. Without defects everything is 1.0. With them: precision of links 1.0, recall 0.99; conservation exact; what the door must find,
found at its position and nothing else; 0.99 of the events, measurements and records that should be there. The rest is reported only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cgt_etl.simulator.scoring import conflicts, consents, defects, edges, events, handoffs, measurements, things, toxicities
from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.links import Links
from cgt_etl.simulator.scoring.release import Released
from cgt_etl.simulator.scoring.truth import NotScorable, TruthFiles

__all__ = ["NotScorable", "Score", "score"]
SHOWN = 5
"""Places of a missed target that are printed; JSON has all."""


@dataclass(frozen=True)
class Score:
    """Every figure of one comparison."""

    level: str
    figures: tuple[Figure, ...]

    @property
    def missed(self) -> list[Figure]:
        return [one for one in self.figures if one.is_missed]

    def lines(self) -> Iterator[str]:
        """A table, and below it where targets were missed."""
        width = max(len(one.name) for one in self.figures)
        yield f"{'part':14}{'figure':{width}}  {'right':>7} {'of':>7}  {'share':>7}  target"
        for one in self.figures:
            target = "-" if one.target is None else f"{one.target:.2f}{'  MISSED' if one.is_missed else ''}"
            yield f"{one.part:14}{one.name:{width}}  {one.right:>7} {one.total:>7}  {one.share:7.4f}  {target}"
        for one in self.figures:
            if one.misses:
                more = f" and {len(one.misses) - SHOWN} more" if len(one.misses) > SHOWN else ""
                yield f"{one.part}, {one.name}: {'; '.join(one.misses[:SHOWN])}{more}"
        yield f"Targets missed: {len(self.missed)} (defects: {self.level})"

    def said(self) -> dict[str, object]:
        """As JSON."""
        return {"defects": self.level, "targets_missed": len(self.missed), "figures": [one.said() for one in self.figures]}


def score(release: Path, truth: Path) -> Score:
    """Compare `release` (a release's folder, or the DuckDB file of a held build) with the folder `truth` of the run it was made from.

    Raises:
        NotScorable: one of them is not what it should be.
    """
    told, released = TruthFiles(truth), Released(release)
    try:
        return Score(told.level, tuple(_figures(told, released)))
    finally:
        released.close()


def _figures(truth: TruthFiles, released: Released) -> Iterator[Figure]:
    is_clean = truth.level == "none"
    most = 1.0 if is_clean else 0.99
    delivery_of = {
        file: released.deliveries[key]
        for file, row in truth.files.items()
        if (key := (row["partner"], row["feed"], row["sha256"])) in released.deliveries
    }
    links = Links(truth, released, delivery_of)
    yield from links.figures(precision=1.0, recall=most)
    yield from conflicts.figures(links)
    yield from events.figures(links, most, 1.0 if is_clean else None)
    yield from measurements.figures(links, most, 1.0 if is_clean else None)
    yield from consents.figures(links, most, 1.0 if is_clean else None)
    yield from toxicities.figures(links, 1.0 if is_clean else None)
    yield from edges.figures(links, most, 1.0 if is_clean else None)
    yield from things.figures(links, most, 1.0 if is_clean else None)
    yield from handoffs.figures(links, most, 1.0 if is_clean else None)
    yield from _conservation(truth, released, delivery_of)
    yield from defects.figures(truth, released, delivery_of)
    yield _rows(truth, released, delivery_of, most)


def _conservation(truth: TruthFiles, released: Released, delivery_of: dict[str, str]) -> Iterator[Figure]:
    """The same bytes again are the same delivery, which is compared with the first file that brought them."""
    columns = ("delivery_id", "status_code", "rule_id", "unit_count", "accepted_unit_count", "set_aside_unit_count", "erased_unit_count")
    said = {id_: rest for id_, *rest in released.table("delivery", *columns)}
    lost = Counter(record["file"] for record in truth.records if not record["lands"])
    first: dict[str, str] = {}
    for file, id_ in delivery_of.items():
        first.setdefault(id_, file)
    absent = [file for file in truth.files if file not in delivery_of]
    strange = [f"delivery {id_}" for id_ in said if id_ not in first]
    yield counted("conservation", "files are deliveries", len(truth.files), absent, 1.0)
    yield counted("conservation", "deliveries are files", len(said), strange, 1.0)
    refused, units, aside, sums = [], [], [], []
    for id_, file in first.items():
        row = truth.files[file]
        status, rule, all_, accepted, set_aside, erased = said[id_]
        if (status, rule) != (("refused", row["refused"]) if row["refused"] else ("landed", None)):
            refused.append(file)
        if all_ != row["units"]:
            units.append(file)
        if not row["refused"]:
            if set_aside != lost[file]:
                aside.append(file)
            if all_ is None or all_ != accepted + set_aside + erased or erased:
                sums.append(file)
    readable = sum(not truth.files[file]["refused"] for file in first.values())
    yield counted("conservation", "refused as declared", len(first), refused, 1.0)
    yield counted("conservation", "units in", len(first), units, 1.0)
    yield counted("conservation", "set aside", readable, aside, 1.0)
    yield counted("conservation", "in = accepted + set aside", readable, sums, 1.0)


def _rows(truth: TruthFiles, released: Released, delivery_of: dict[str, str], target: float) -> Figure:
    """A record that lost its only value gives no row; the finding that says so is judged with the defects."""
    misses = [
        f"{record['file']}, position {record['position']}"
        for record in truth.standing
        if (delivery_of.get(record["file"], ""), record["position"]) not in released.traced
        and (record["file"], record["position"]) not in truth.cut
    ]
    return counted("rows", "standing records are traced from a row", len(truth.standing), misses, target)
