"""Where a token or id leads: the things of a release that bear it, from which the walks over the graph begin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cgt_etl.genealogy.asked import Reading
from cgt_etl.genealogy.graph import MATERIAL, Graph, Node

THINGS = ("collection", "product", "batch", "dose_unit", "administration")
_BEARERS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "lot": (("dose_unit", "lot_id", "dose_unit_id"),),
    "batch": (("batch", "batch_id", "batch_id"),),
    "material_lot": (("batch", "gene_agent_lot_id", "gene_agent_lot_id"), (MATERIAL, "lot_id", "lot_id")),
}
"""Kind -> released tables that hold its tokens: table, column of the token, column that names the thing in the graph."""


@dataclass
class Found:
    """Things that were asked for, each with how it was meant, and what has to be said about finding them."""

    meant: dict[Node, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def is_journey(self) -> bool:
        """Whether a whole journey was asked for, which is not all that its donors' or batches' things are."""
        return "journey_id" in self.meant.values()


def by_number(graph: Graph, readings: Iterable[Reading]) -> Found:
    """The things that bear a number, whichever of its readings is true of them. A bag that no record states gives its donation."""
    found = Found()
    for one in readings:
        if one.kind == "bag":
            bags = _bags(graph, one)
            if not bags and (bags := _donation(graph, one.token)):
                found.notes.append("No record of this release states a bag of this code and division: its whole donation is followed.")
        elif one.kind == "din":
            bags = _donation(graph, one.token)
        else:
            bags = _bearing(graph, one.kind, one.token)
        found.meant |= dict.fromkeys(bags, str(one))
    return found


def by_id(graph: Graph, text: str) -> Found:
    """The things that an id or token of the release names. Of a journey: its collections, batches made to its order, and infusions."""
    key = text.strip()
    found = Found()
    for table in THINGS:
        found.meant |= {Node(table, own): f"{table}_id" for own in _keys(graph, table, f"{table}_id", f"{table}_id", key)}
    if donation := _donation(graph, key):
        found.meant |= dict.fromkeys(donation, "din_id")
    for kind in ("lot", "material_lot"):
        found.meant |= dict.fromkeys(_bearing(graph, kind, key), f"{kind}_id" if kind == "lot" else "lot_id of a material")
    for table in ("collection", "administration"):
        found.meant |= {Node(table, own): "journey_id" for own in _keys(graph, table, "journey_id", f"{table}_id", key)}
    for order in _keys(graph, "journey", "journey_id", "therapy_order_id", key):
        found.meant |= {Node("batch", own): "journey_id" for own in _keys(graph, "batch", "therapy_order_id", "batch_id", order)}
    if not found.meant:  # a thing of some other table, which only steps name
        others = "select parent_table from step where parent_key = $key union select child_table from step where child_key = $key"
        tables = graph.connection.execute(others, {"key": key}).fetchall()
        found.meant |= {Node(table, key): f"key of {table}" for (table,) in sorted(tables)}
    return found


def _donation(graph: Graph, token: str) -> list[Node]:
    """Its collections, and those of its bags to which no step leads from them."""
    collections = _keys(graph, "collection", "din_id", "collection_id", token)
    rows = graph.connection.execute(
        f"select product_id, collection_id from {graph.files('product')} where din_id = $token order by all",  # noqa: S608  all ours
        {"token": token},
    ).fetchall()
    known = [Node("collection", key) for key in collections]
    astray = {Node("product", product) for product, collection in rows if collection not in collections}
    if known and astray:
        astray -= graph.around(known, with_kin=False).reached.keys()
    return [*known, *sorted(astray)]


def _bags(graph: Graph, bag: Reading) -> list[Node]:
    rows = graph.connection.execute(
        f"select product_id from {graph.files('product')} where din_id = $token"  # noqa: S608  all ours
        " and ($code is null or product_description_code = $code) and ($division is null or division = $division) order by all",
        {"token": bag.token, "code": bag.product_code, "division": bag.division},
    ).fetchall()
    return [Node("product", key) for (key,) in rows]


def _bearing(graph: Graph, kind: str, token: str) -> list[Node]:
    found = {Node(table, key) for table, column, own in _BEARERS[kind] for key in _keys(graph, table, column, own, token)}
    return sorted({Node(MATERIAL, node.key) for node in found} if kind == "material_lot" else found)


def _keys(graph: Graph, table: str, column: str, own: str, value: str) -> list[str]:
    """`own` of the rows whose `column` is `value`; none where the release lacks the table."""
    if table not in graph.release.tables:
        return []
    rows = graph.connection.execute(
        f"select distinct {own} from {graph.files(table)} where {column} = $value and {own} is not null order by all",  # noqa: S608
        {"value": value},
    ).fetchall()
    return [key for (key,) in rows]
