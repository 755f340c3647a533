"""What a release knows of each thing of a lineage: what it is, where it is or was last known to be, what became of it, and which delivered
records say so. Rows of released tables alone, so no identifiers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from cgt_etl.genealogy.graph import MATERIAL, Graph, Lineage, Node, nodes, registered

_KIND = {
    "collection": "collection_type_code",
    "product": "product_description_code || coalesce(' division ' || division, '') || coalesce(' ' || state_code, '')",
    "batch": "coalesce(product_name_code, 'batch')",
    "dose_unit": "concat_ws(' ', product_name_code, component_code)",
    "administration": "product_name_code",
}
"""Table -> SQL of what a thing is, in the words of its table."""
_DAY = {"collection": "started_date", "product": "created_date", "batch": "ended_date", "administration": "started_date"}
_SITE = ("collection", "administration")
_VERDICT = {"batch": "disposition_code", "dose_unit": "disposition_code"}
_FIGURES = {
    "product": "volume_ml, null::double, null::varchar",
    "collection": "product_volume_ml, cd3_yield_10_9 * 1000, 'cd3'",
    "administration": "null::double, cells_given_10_6, null::varchar",
}
"""Table -> SQL of its volume in mL, of its cells in 10*6, and of which cells those are."""

_IN_EVENT = ("collection", "product", "batch", "dose_unit", "administration")
_PLACED = {
    "product_discarded": "discarded",
    "batch_terminated": "terminated",
    "shipment_packed": "in transit",
    "shipment_dispatched": "in transit",
    "shipment_in_transit_scan": "in transit",
    "custody_transferred": "in transit",
    "shipment_received": "in stock",
    "dp_received_at_site": "in stock",
    "starting_material_accepted": "in stock",
    "cryopreservation_completed": "in stock",
    "cryo_storage_move": "in stock",
    "fresh_hold_started": "in stock",
    "dp_thawed": "thawed",
    "starting_material_thawed": "thawed",
}
"""Type of the last event of a thing -> where that leaves it; other events say nothing of it."""
_ELSEWHERE = {"qc_result_reported", "qc_sample_taken", "in_process_check"}
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Site:
    """A site with its party, by the names that the partner files give."""

    site_id: str
    site_name: str | None
    party_id: str | None
    party_name: str | None
    country_code: str | None


@dataclass(frozen=True, order=True)
class Record:
    """Positions `first` to `last` of a delivery that state a thing."""

    delivery: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.delivery} {self.first}" + (f"-{self.last}" if self.last != self.first else "")


@dataclass(frozen=True)
class Thing:
    """What is known of one thing. `site` is where it happened (collection, infusion) or the last event that names it was; `day` likewise.

    `disposition`: administered, administered in part, used (went into something that this release knows), discarded, in stock, in transit,
    thawed, what its table says of a batch or dose (released, terminated, ...), or unknown.
    """

    node: Node
    kind: str
    disposition: str
    site: Site | None
    day: date | None
    volume_ml: float | None
    cells_10_6: float | None
    counted: str | None
    """Which cells those are; None where they are the dose's own."""
    records: tuple[Record, ...]


def describe(graph: Graph, lineage: Lineage) -> dict[Node, Thing]:
    """Every thing of a lineage, a thing without a row in its table too."""
    with registered(graph.connection, "wanted", nodes(sorted(lineage.reached))):
        rows, events, records, sites = _rows(graph), _last_events(graph), _records(graph), _sites(graph)
    used = {step.parent for step in lineage.steps}
    given = {step.parent for step in lineage.steps if step.child.table == "administration"}
    things = {}
    for node in sorted(lineage.reached):
        row = rows.get(node, _Row())
        event_type, event_site, event_day = events.get(node, (None, None, None))
        if node.table == "administration":
            disposition = "administered in part" if row.is_whole is False else "administered"
        elif node in given and not (node.table == "batch" and row.verdict):
            disposition = "administered"
        elif event_type == "product_discarded":
            disposition = "discarded"
        else:
            disposition = row.verdict or ("used" if node in used else None) or _PLACED.get(event_type or "", UNKNOWN)
        site = sites.get(row.site_id or event_site or "")
        things[node] = Thing(
            node,
            row.kind or ("lot of a material" if node.table == MATERIAL else node.table.replace("_", " ")),
            disposition,
            site,
            row.day or event_day,
            row.volume_ml,
            row.cells_10_6,
            row.counted,
            records.get(node, ()),
        )
    return _placed(lineage, things)


def _placed(lineage: Lineage, things: dict[Node, Thing]) -> dict[Node, Thing]:
    """Bags and doses of which no event says where they are were last known where they were made."""
    maker = {step.child: step.parent for step in reversed(lineage.steps)}
    for node, thing in things.items():
        source, met = node, {node}
        while thing.site is None and source.table in ("product", "dose_unit") and (source := maker.get(source, node)) not in met:
            met.add(source)
            if site := things[source].site:
                things[node] = replace(thing, site=site)
                break
    return things


@dataclass(frozen=True)
class _Row:
    kind: str | None = None
    verdict: str | None = None
    site_id: str | None = None
    day: date | None = None
    is_whole: bool | None = None
    volume_ml: float | None = None
    cells_10_6: float | None = None
    counted: str | None = None


def _rows(graph: Graph) -> dict[Node, _Row]:
    found: dict[Node, _Row] = {}
    for table, kind in _KIND.items():
        is_whole = "has_entire_volume" if table == "administration" else "null::boolean"
        site = "site_id" if table in _SITE else "null::varchar"
        said = graph.connection.execute(
            f"select {table}_id, nullif({kind}, ''), {_VERDICT.get(table, 'null::varchar')}, {site}, {_DAY.get(table, 'null::date')},"  # noqa: S608
            f" {is_whole}, {_FIGURES.get(table, 'null::double, null::double, null::varchar')} from {graph.files(table)}"
            f" where {table}_id in (select key from wanted where thing = '{table}')"
        ).fetchall()
        found |= {Node(table, row[0]): _Row(*row[1:]) for row in said}
    return found


def _last_events(graph: Graph) -> dict[Node, tuple[str | None, str | None, date | None]]:
    """The last event of each thing that says where it is: its type, site and local date.

    Events of a shipment that it was packed in count as its own, and what was received is at the receiver. Tests happen to a sample,
    elsewhere; an infusion to a dose, not to its batch.
    """
    if not {"event", "shipment"} <= graph.release.tables.keys():
        return {}
    event = f"(from {graph.files('event')} where not list_contains($elsewhere, event_type))"
    is_wanted = {table: f"{table}_id in (select key from wanted where thing = '{table}')" for table in _IN_EVENT}  # noqa: S608
    own = " union all ".join(
        f"select '{table}' as thing, {table}_id as key, * from told where {said}"  # noqa: S608  all ours
        f"{' and administration_id is null and shipment_id is null' if table == 'batch' else ''}"
        for table, said in is_wanted.items()
    )
    columns = "thing, key, event_type, shipment_id, site_id, occurred_at_utc, occurred_date, event_id"
    last = graph.connection.execute(
        f"with told as (from {event} where {' or '.join(is_wanted.values())}), own as ({own}),"  # noqa: S608  all ours
        " packed as (select distinct thing, key, shipment_id from own where shipment_id is not null),"
        f" every as (select {columns} from own union select {columns} from packed join {event} e using (shipment_id)),"
        " last as (from every qualify row_number() over (partition by thing, key"
        "  order by coalesce(occurred_at_utc, cast(occurred_date as timestamp)) desc nulls last, event_id) = 1)"
        " select thing, key, event_type, case when event_type = 'shipment_received' then coalesce(to_site_id, site_id) else site_id end,"
        f"  occurred_date from last left join {graph.files('shipment')} using (shipment_id)",
        {"elsewhere": sorted(_ELSEWHERE)},
    ).fetchall()
    return {Node(thing, key): (event_type, site, day) for thing, key, event_type, site, day in last}


def _records(graph: Graph) -> dict[Node, tuple[Record, ...]]:
    found: dict[Node, list[Record]] = {}
    if "row_source" in graph.release.tables:
        said = graph.connection.execute(
            f"select table_name, row_key, source_delivery, source_row_first, source_row_last from {graph.files('row_source')}"  # noqa: S608
            " semi join wanted on table_name = thing and row_key = key where source_delivery is not null order by all"
        ).fetchall()
        for table, key, delivery, first, last in said:
            found.setdefault(Node(table, key), []).append(Record(delivery, int(first), int(last)))
    return {node: tuple(records) for node, records in found.items()}


def _sites(graph: Graph) -> dict[str, Site]:
    said = graph.connection.execute(
        "select site_id, site_name, party_id, party_name, country_code"  # noqa: S608  all ours
        f" from {graph.files('site')} as site left join {graph.files('party')} as party using (party_id) order by all"
    ).fetchall()
    return {row[0]: Site(*row) for row in said}
