"""A recall as text for a person, as JSON, and as CSV with one row for each thing. Says ids of the release, never what was typed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from cgt_etl.genealogy.gaps import Gap
from cgt_etl.genealogy.graph import Node
from cgt_etl.genealogy.recall import Recall
from cgt_etl.genealogy.things import Record, Site

_RELATION = {
    "asked": "Asked for",
    "upstream": "Upstream: what it came from",
    "downstream": "Downstream: what came of it",
    "same_source": "From the same source: what else came from what it came from",
}
_MOST_RECORDS = 2
"""Told in text for each thing; the rest is counted there and whole in JSON and CSV."""
COLUMNS = (
    *("no", "relation", "steps", "table", "id", "kind", "disposition", "date"),
    *("site_id", "site_name", "party_id", "party_name", "country_code", "volume_ml", "cells_10_6"),
    *("reached_from", "reached_by", "path", "records"),
)


def text(recall: Recall) -> Iterator[str]:
    """Lines."""
    yield f"release {recall.release}"
    if not recall.is_found:
        yield f"Nothing in this release bears it. Tried as: {'; '.join(recall.tried)}."
        yield "That is no proof that it concerns nobody: what could not be followed comes next."
    for meant in sorted(set(recall.meant.values())):
        found = sum(1 for one in recall.meant.values() if one == meant)
        yield f"found as {meant}: {_things(found)}"
    for one in recall.named_in:
        yield f"named in {_record(one)}"
    number = _numbers(recall)
    relation = ""
    for row in rows(recall):
        if row["relation"] != relation:
            relation = row["relation"]
            yield ""
            yield _RELATION[relation]
        yield _line(row)
        yield from _records(recall.things[Node(row["table"], row["id"])].records)
    if recall.is_found:
        yield ""
        yield from _exposed(recall)
        yield ""
        yield "Counts"
        for (of, table), count in recall.counts.items():
            yield f"  {of:<12}{table:<16}{count:>6}"
        yield f"  {'all':<28}{len(recall.things):>6}"
    yield ""
    yield "What could not be followed"
    for gap in recall.not_followed:
        yield f"  {_gap(gap, number)}"
    if not recall.not_followed:
        yield "  Nothing that this release can know of."


def rows(recall: Recall) -> Iterator[dict[str, Any]]:
    """One for each thing, numbered from 1, in the order of `Recall.ordered`; `records` and `path` are lists."""
    number = _numbers(recall)
    edge_type = {(step.parent, step.child): step.edge_type for step in recall.lineage.steps}
    for node in recall.ordered:
        reached, thing = recall.lineage.reached[node], recall.things[node]
        before = reached.path[-2] if reached.steps else None
        site = thing.site or Site("", None, None, None, None)
        yield {
            "no": number[node],
            "relation": reached.relation,
            "steps": reached.steps,
            "table": node.table,
            "id": node.key,
            "kind": thing.kind,
            "disposition": thing.disposition,
            "date": thing.day.isoformat() if thing.day else None,
            "site_id": site.site_id or None,
            "site_name": site.site_name,
            "party_id": site.party_id,
            "party_name": site.party_name,
            "country_code": site.country_code,
            "volume_ml": thing.volume_ml,
            "cells_10_6": thing.cells_10_6,
            "reached_from": number[before] if before else None,
            "reached_by": (edge_type.get((before, node)) or edge_type.get((node, before))) if before else None,
            "path": [f"{one.table} {one.key}" for one in reached.path],
            "records": [_as_keys(one) for one in thing.records],
        }


def as_json(recall: Recall) -> str:
    """One document; keys as in `COLUMNS`."""
    said = {
        "release": recall.release,
        "is_found": recall.is_found,
        "read_as": list(recall.tried),
        "named_in": [_as_keys(one) for one in recall.named_in],
        "things": list(rows(recall)),
        "steps": [
            {
                "parent": f"{step.parent.table} {step.parent.key}",
                "child": f"{step.child.table} {step.child.key}",
                "edge_type": step.edge_type,
                "volume_ml": step.volume_ml,
                "cell_count_10_6": step.cell_count_10_6,
                "analyte": step.analyte,
                "method": step.method,
            }
            for step in recall.lineage.steps
        ],
        "recipients_by_site": [
            {
                "relation": one.relation,
                "site_id": one.site.site_id if one.site else None,
                "party_id": one.site.party_id if one.site else None,
                "recipients": one.recipients,
                "infusions": one.infusions,
                "first_date": one.first_day.isoformat() if one.first_day else None,
                "last_date": one.last_day.isoformat() if one.last_day else None,
            }
            for one in recall.exposed
        ],
        "counts": [{"relation": of, "table": table, "count": count} for (of, table), count in recall.counts.items()],
        "not_followed": [
            {"what": gap.sentence, "things": [f"{node.table} {node.key}" for node in gap.nodes]} for gap in recall.not_followed
        ],
    }
    return json.dumps(said, indent=1)


def as_csv(recall: Recall) -> str:
    """A header and one line for each thing; steps of the path are joined by ` > `, records by `; `."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows(recall):
        records = "; ".join(f"{one['source_delivery']} {one['source_row_first']}-{one['source_row_last']}" for one in row["records"])
        writer.writerow({**row, "path": " > ".join(row["path"]), "records": records})
    return out.getvalue()


def _numbers(recall: Recall) -> dict[Node, int]:
    return {node: number for number, node in enumerate(recall.ordered, start=1)}


def _line(row: dict[str, Any]) -> str:
    way = f"{row['reached_by']} {row['reached_from']}" if row["reached_from"] else ""
    where = " / ".join(name for name in (row["party_name"], row["site_name"]) if name) or "place unknown"
    head = f"{row['no']:>5}  {row['table']:<15}{row['id']:<33} {way:<14} {row['disposition']:<21} {row['date'] or 'no date':<11}"
    return f"{head} {row['kind']}; {where}"


def _records(records: Sequence[Record]) -> Iterator[str]:
    if records:
        more = len(records) - _MOST_RECORDS
        shown = ", ".join(_record(one) for one in records[:_MOST_RECORDS])
        yield f"{'':7}from {shown}{f', and {more} more' if more > 0 else ''}"


def _record(one: Record) -> str:
    return f"{one.delivery} position {one.first}{'' if one.last == one.first else f' to {one.last}'}"


def _as_keys(one: Record) -> dict[str, Any]:
    return {"source_delivery": one.delivery, "source_row_first": one.first, "source_row_last": one.last}


def _exposed(recall: Recall) -> Iterator[str]:
    yield "Recipients by site"
    for one in recall.exposed:
        where = " / ".join(name for name in (one.site.party_name, one.site.site_name) if name) if one.site else "place unknown"
        days = f"{one.first_day} to {one.last_day}" if one.first_day else "no date"
        yield f"  {one.relation:<12}{one.recipients:>5} recipients {one.infusions:>5} infusions  {days}  {where}"
    if not recall.exposed:
        yield "  No infusion is known."


def _gap(gap: Gap, number: dict[Node, int]) -> str:
    if not gap.nodes:
        return gap.sentence
    numbers = ", ".join(str(one) for one in sorted(number[node] for node in gap.nodes))
    table = gap.nodes[0].table.replace("_", " ")
    return f"{table} {numbers}: {gap.sentence}."


def _things(count: int) -> str:
    return f"{count} thing{'' if count == 1 else 's'}"
