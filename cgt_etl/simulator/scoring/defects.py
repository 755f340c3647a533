"""Injected defects against the findings of a release: of the door at their very cell, of the house by the records of the row found.

What the house finds rests on other records too. So an injection counts there only where its record stands in the end. A finding is right
where a record of its row has an injection of its rule, or where the truth says by itself that the rule must find it; nothing else that
went wrong excuses it. The house's target, 0.98 each way over 400 injections, is one of many seeds together (`scripts/seeds.py`); here its
figures are told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.release import At, Released
from cgt_etl.simulator.scoring.truth import Row, TruthFiles

DOOR, HOUSE = "defects", "house defects"
FED, COMPLETE, FEVER, OUTSIDE, HELD = "R14", "R40", "R44", "R60", "R62"
AT_HANDOFF = {"seal_broken": "R64", "papers_missing": "R66"}
"""Fault of a handoff -> the rule that finds it."""
TEMPERATURE, FEVER_CEL = "body_temp", 38.0
VECTOR_LOT = "gene_agent_lot_id"
"""Column at which a batch is found to name no lot of the agent that modifies its genes; none where it has no input."""
Found = tuple[str, int | None, str | None, str, str]
"""Delivery, position, column (none of a row), rule, effect: where a finding of the door is."""
Places = set[tuple[str, int | None]]
House = dict[str, dict[tuple[object, ...], Places]]
"""Rule -> what was found, last its column -> the records of its row."""
Explained = dict[tuple[str, object], Places]
"""Rule and column (None: any that is not named) -> records."""


def figures(truth: TruthFiles, released: Released, delivery_of: dict[str, str]) -> Iterator[Figure]:
    """Recall by class, precision by rule, which several classes may share."""
    by_class: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in truth.defects:
        by_class[DOOR if row["at_door"] else HOUSE, row["rule"], row["defect"]].append(row)
    door, house = _told(released)
    yield from _door(door, {key[1:]: rows for key, rows in by_class.items() if key[0] == DOOR}, delivery_of)
    can_be_found = _can_be_found(truth)
    asked = {key[1:]: [row for row in rows if can_be_found(row)] for key, rows in by_class.items() if key[0] == HOUSE}
    yield from _house(house, asked, _explained(truth, delivery_of), delivery_of)


def _can_be_found(truth: TruthFiles) -> Callable[[Row], bool]:
    """Whether the record of an injection stands, and others that stand say of its batch, container or person what the rule needs beside it.

    Of a person counts what is said, by a record of no batch, under an identifier that must be joined with one of the record's.
    """
    standing = {(record["file"], record["position"]): record for record in truth.standing}
    said: dict[object, set[str]] = defaultdict(set)
    for record in truth.standing:
        batch = _batch(record)
        for about in (_persons(truth, record) if batch is None else {batch}) | _containers(record):
            said[about] |= {one["event_type"] for one in record["events"]}
            for one in record["measurements"]:
                said[about].add(one["measurement"])
                said[about, one["utc"]].add(one["measurement"])

    def can_be_found(row: Row) -> bool:
        record = standing.get((row["file"], row["position"]))
        if record is None:
            return False
        about = _persons(truth, record) | _containers(record) | {_batch(record)}
        then = {one["utc"] for one in record["measurements"]}
        beside = set().union(*(said[one, at] for one in about for at in then if (one, at) in said))
        wanted = set(row.get("beside", ()))
        return set(row.get("needs", ())) <= set().union(*(said[one] for one in about if one in said)) and (
            not wanted or bool(wanted & beside)
        )

    return can_be_found


def _batch(record: Row) -> str | None:
    """The batch that a record is of, which it names before the one that it replaces."""
    return next((value for kind, _, value in record["objects"] if kind == "batch"), None)


def _containers(record: Row) -> set[object]:
    """Containers that a record names, each in a shape that no batch and no component has."""
    return {("sscc", value) for kind, _, value in record["objects"] if kind == "sscc"}


def _persons(truth: TruthFiles, record: Row) -> set[object]:
    """Components of what must be joined."""
    return {unit.certain for unit, _ in truth.named(record) if unit.certain is not None}


def _explained(truth: TruthFiles, delivery_of: dict[str, str]) -> Explained:
    """Records whose row a rule finds rightly: those with an injection of it, and what else the truth says that the rule asks for.

    A certificate that lost a cell has no result there. What went into a batch nobody tells where its record was set aside or came too late,
    nor a fever where those were of the mornings on which it was measured.
    """

    def place(row: Row) -> tuple[str, int | None]:
        return delivery_of.get(row["file"], ""), row["position"]

    found: Explained = defaultdict(set)
    for row in truth.defects:
        found[row["rule"], None].add(place(row))
        if row["effect"] == "cell":
            found[COMPLETE, None].add(place(row))
    named: dict[str | None, Places] = defaultdict(set)
    told: dict[str | None, set[str | None]] = {None: set(), VECTOR_LOT: set()}
    for record in truth.standing:
        batches = {_batch(record)} - {None}
        told[None] |= {edge["child"][1] for edge in record["edges"] if edge["edge"] == "consume"}
        told[VECTOR_LOT] |= batches if any(kind == "material_lot" for kind, _, _ in record["objects"]) else set()
        for number in batches:
            named[number].add(place(record))
    for column, of in told.items():
        found[FED, column] |= set().union(*(places for number, places in named.items() if number not in of))
    found[FED, VECTOR_LOT] |= {place(row) for row in truth.defects if row["rule"] == FED}
    found[FEVER, None] |= {place(record) for record in _without_fever(truth)}
    for rule, sscc in _wrong_on_the_way(truth):
        found[rule, None].add(place(truth.custody[sscc]))
    return found


def _wrong_on_the_way(truth: TruthFiles) -> Iterator[tuple[str, str]]:
    """Rule, and the container of a shipment with a custody record in which what it asks for really was wrong."""
    for row in (one for one in truth.shipments if one["sscc"] in truth.custody):
        if row["excursion_min"]:
            yield OUTSIDE, row["sscc"]
        packed, delivered = (datetime.fromisoformat(row[at]) for at in ("packed", "delivered"))
        if delivered - packed > timedelta(days=row["hold_days"]):
            yield HELD, row["sscc"]
    for row in truth.handoffs:
        sscc = truth.legs.get((row["journey"], tuple(row["objects"]), row["sent"]))
        if sscc in truth.custody and row["fault"] in AT_HANDOFF:
            yield AT_HANDOFF[row["fault"]], sscc


def _without_fever(truth: TruthFiles) -> list[Row]:
    """Standing records of patients who had a release syndrome, and of whom no standing record says any more that they had a fever."""
    feverish: set[object] = set()
    for record in truth.standing:
        if any(one["measurement"] == TEMPERATURE and (one["value"] or 0) >= FEVER_CEL for one in record["measurements"]):
            feverish |= _persons(truth, record)
    return [record for record in truth.standing if record["journey"] in truth.released_cytokines and not _persons(truth, record) & feverish]


def _told(released: Released) -> tuple[set[Found], House]:
    door: set[Found] = {
        (id_, None, None, rule, "refuse")
        for id_, status, rule in released.table("delivery", "delivery_id", "status_code", "rule_id")
        if status == "refused"
    }
    house: House = defaultdict(lambda: defaultdict(set))
    columns = ("source_delivery", "source_row", "column_name", "rule_id", "effect", "table_name", "row_key")
    for delivery, position, column, rule, effect, table, key in released.table("finding", *columns):
        if key is None and delivery is not None and effect != "refuse":
            door.add((delivery, position, None if effect == "row" else column, rule, effect))
        elif delivery is not None:
            # one of the records that the row has: the others are not meant
            house[rule][table, key, delivery, position, column].add((delivery, position))
        else:
            sources: set[At] = released.sources[table].get(key, set())
            house[rule][table, key, column].update(sources)
    return door, house


def _door(door: set[Found], asked: dict[tuple[str, str], list[Row]], delivery_of: dict[str, str]) -> Iterator[Figure]:
    explained: set[Found] = set()
    for (rule, name), rows in sorted(asked.items()):
        places: dict[Found, Row] = {
            (delivery_of.get(row["file"], ""), row["position"], row["column"], rule, row["effect"]): row for row in rows
        }
        explained |= places.keys() & door
        yield counted(DOOR, f"{rule} {name}, recall", len(places), [_where(row) for one, row in places.items() if one not in door], 1.0)
    for rule in sorted({one[3] for one in door}):
        mine = {one for one in door if one[3] == rule}
        misses = [f"delivery {id_}, position {position}, column {column}" for id_, position, column, _, _ in mine - explained]
        yield counted(DOOR, f"{rule}, precision", len(mine), misses, 1.0)


def _house(
    house: dict[str, dict[tuple[object, ...], Places]],
    asked: dict[tuple[str, str], list[Row]],
    explained: Explained,
    delivery_of: dict[str, str],
) -> Iterator[Figure]:
    for (rule, name), rows in sorted(asked.items()):
        places = {(delivery_of.get(row["file"], ""), row["position"]): row for row in rows}
        found: Places = set().union(*house[rule].values())
        misses = [_where(row) for place, row in places.items() if place not in found]
        yield counted(HOUSE, f"{rule} {name}, recall", len(places), misses, None)
    for rule in sorted({rule for rule, _ in asked}):
        wrong = [
            f"{found[0]} of {_first(at)}"
            for found, at in house[rule].items()
            if not at & explained.get((rule, found[-1]), explained[rule, None])
        ]
        yield counted(HOUSE, f"{rule}, precision", len(house[rule]), wrong, None)


def _first(places: Places) -> str:
    delivery, position = min(places, key=str, default=("no record", None))
    return f"delivery {delivery}, position {position}"


def _where(row: Row) -> str:
    return f"{row['file']}, position {row['position']}, column {row['column']}"
