"""Injected defects against the findings of a release: of the door at their very cell, of the house by the records of the row found.

What the house finds rests on other records too. So an injection counts there only where its record stands in the end, and a finding is
wrong only where nothing at all went wrong with a record of its row, or with another that names the same batch or donation and may have
been lost. The house's target, 0.98 each way over 400 injections, is one of many seeds together (`scripts/seeds.py`); here its figures are
told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.release import At, Released
from cgt_etl.simulator.scoring.truth import Row, TruthFiles

DOOR, HOUSE = "defects", "house defects"
THINGS = ("batch", "din")
Found = tuple[str, int | None, str | None, str, str]
"""Delivery, position, column (none of a row), rule, effect: where a finding of the door is."""
Places = set[tuple[str, int | None]]
House = dict[str, dict[tuple[object, ...], Places]]
"""Rule -> what was found -> the records of its row."""


def figures(truth: TruthFiles, released: Released, delivery_of: dict[str, str]) -> Iterator[Figure]:
    """Recall by class, precision by rule, which several classes may share."""
    by_class: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in truth.defects:
        by_class[DOOR if row["at_door"] else HOUSE, row["rule"], row["defect"]].append(row)
    door, house = _told(released)
    yield from _door(door, {key[1:]: rows for key, rows in by_class.items() if key[0] == DOOR}, delivery_of)
    standing = {(record["file"], record["position"]) for record in truth.standing}
    asked = {
        key[1:]: [row for row in rows if (row["file"], row["position"]) in standing] for key, rows in by_class.items() if key[0] == HOUSE
    }
    spoiled = _spoiled(truth, delivery_of)
    yield from _house(house, asked, spoiled, delivery_of)


def _spoiled(truth: TruthFiles, delivery_of: dict[str, str]) -> Places:
    """Records that have a defect, and those that name a batch or donation of one that has."""
    direct = {(row["file"], row["position"]) for row in truth.defects}
    named = {
        (record["file"], record["position"]): {(kind, value) for kind, _, value in record["objects"] if kind in THINGS}
        for record in truth.records
    }
    things = set().union(*(named.get(place, set()) for place in direct))
    return {(delivery_of.get(file, ""), position) for file, position in direct | {place for place, of in named.items() if of & things}}


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
            house[rule][table, key, delivery, position].add((delivery, position))
        else:
            sources: set[At] = released.sources[table].get(key, set())
            house[rule][table, key].update(sources)
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
    spoiled: Places,
    delivery_of: dict[str, str],
) -> Iterator[Figure]:
    for (rule, name), rows in sorted(asked.items()):
        places = {(delivery_of.get(row["file"], ""), row["position"]): row for row in rows}
        found: Places = set().union(*house[rule].values())
        misses = [_where(row) for place, row in places.items() if place not in found]
        yield counted(HOUSE, f"{rule} {name}, recall", len(places), misses, None)
    for rule in sorted({rule for rule, _ in asked}):
        wrong = [f"{found[0]} of {_first(at)}" for found, at in house[rule].items() if not at & spoiled]
        yield counted(HOUSE, f"{rule}, precision", len(house[rule]), wrong, None)


def _first(places: Places) -> str:
    delivery, position = min(places, key=str, default=("no record", None))
    return f"delivery {delivery}, position {position}"


def _where(row: Row) -> str:
    return f"{row['file']}, position {row['position']}, column {row['column']}"
