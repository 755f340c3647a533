"""What a partner is told of each delivery: what arrived, what was accepted, what was set aside, where and why.

    $CGT_HOME/receipts/<partner>/<feed>/<raw16>.json    for machines
    $CGT_HOME/receipts/<partner>/<feed>/<raw16>.html    for people, self-contained

Made from manifest, verdicts and contract alone, so it holds positions, columns and rules, and no value of any cell; written anew
whenever another door counts. Sends nothing: how a receipt reaches the partner is the deployment's.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from cgt_etl.contracts.formats import FcsFormat, FileFormat, JsonFormat, XlsxFormat, XmlFormat
from cgt_etl.contracts.load import Feed
from cgt_etl.contracts.vocabulary import rules
from cgt_etl.landing import durable
from cgt_etl.landing.delivery import Delivery, Manifest
from cgt_etl.landing.held import held
from cgt_etl.settings import Settings

MOST_POSITIONS = 50
"""Positions named for each rule and column; the rest is counted, and listed by `cgt-etl quarantine list --items`."""
_EFFECTS = {"row": "record set aside", "cell": "cell set aside", "flag": "accepted, and flagged"}
_CAN_SEND_AGAIN = "What is mended and sent again, in a later delivery, takes its place; nothing else has to be done."
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;color:#1b1b1b}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{border-bottom:1px solid #ccc;padding:.3rem .8rem;text-align:left}
th,td{vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}caption{text-align:left;font-weight:600;padding:.3rem 0}
.refused{border-left:.4rem solid #a40000;padding:.3rem .8rem}code{overflow-wrap:anywhere}"""


def path_of(settings: Settings, delivery: Delivery, kind: str = "json") -> Path:
    """Where the receipt of a delivery lies, whether or not it is there; `kind` is json or html."""
    return settings.receipts / delivery.partner / delivery.feed / f"{delivery.raw16}.{kind}"


def write(settings: Settings, delivery: Delivery, feed: Feed) -> None:
    """Write both forms of a delivery's receipt, or write them anew.

    Raises:
        OSError: the disk is full or cannot be written; an earlier receipt then still stands.
    """
    said = receipt(delivery, feed)
    folder = path_of(settings, delivery).parent
    durable.make_folder(folder)
    text = json.dumps(said, indent=1, ensure_ascii=False) + "\n"
    durable.replace_file(path_of(settings, delivery, "html"), [_page(said).encode()], root=settings.receipts)
    durable.replace_file(path_of(settings, delivery), [text.encode()], root=settings.receipts)


def write_missing(settings: Settings, delivery: Delivery, feed: Feed) -> None:
    """Write the receipt that a kill kept back, or of a delivery from before there were receipts; nothing where it is there."""
    if not all(path_of(settings, delivery, kind).is_file() for kind in ("json", "html")):
        write(settings, delivery, feed)


def receipt(delivery: Delivery, feed: Feed) -> dict[str, Any]:
    """The receipt as JSON: the same delivery, contract and rule catalogue give the same receipt.

    `findings` has one entry per rule, effect and column, in that order: effect (row, cell, flag), the columns' names here and in the
    file, `count`, and `positions` (at most 50, ascending), which are physical: `position_is` says of what.
    """
    said = delivery.manifest
    return {
        "receipt": 1,
        "delivery": delivery.id,
        "partner": said.partner,
        "feed": said.feed,
        "contract": said.contract,
        "file": said.source_name,
        "size_bytes": said.size,
        "sha256": said.sha256,
        "sequence": said.sequence,
        "received_at_utc": said.received_at,
        "judged_at_utc": said.admitted_at,
        "status": said.status,
        "refusal": _refusal(said),
        "unit": feed.extension.unit,
        "counts": {name: said.counts[name] for name in ("units", "cells", "bytes") if name in said.counts},
        "not_in_the_contract": said.counts.get("unmapped", {}),
        "position_is": _position_of(feed.extension.file),
        "findings": [] if said.status == "refused" else list(_findings(delivery, feed)),
    }


def lines(said: dict[str, Any]) -> list[str]:
    """A receipt for a terminal."""
    out = [
        f"{said['partner']}/{said['feed']}  {said['file']}  {said['size_bytes']} bytes  received {said['received_at_utc']}",
        f"contract {said['contract']['id']} v{said['contract']['version']}, sha256 {said['sha256']}",
    ]
    if said["refusal"]:
        return [*out, f"Refused whole under {said['refusal']['rule']}: {said['refusal']['reason']}"]
    out += [f"{label}: {_sum_of(counts)}" for label, counts in _counted(said)]
    for one in said["findings"]:
        where = f"column {one['column_in_file']}" if one["column_in_file"] else "whole record"
        out += [
            f"{one['rule']} {_EFFECTS[one['effect']]}, {_often(one['count'])}, {where}: {one['title']}",
            f"  {said['position_is']} {_positions(one)}",
        ]
    return [*out, *([_CAN_SEND_AGAIN] if any(one["effect"] != "flag" for one in said["findings"]) else [])]


def _refusal(said: Manifest) -> dict[str, str] | None:
    return {"rule": said.rule or "", "reason": said.reason or ""} if said.status == "refused" else None


def _position_of(file: FileFormat) -> str:
    if isinstance(file, JsonFormat | XmlFormat | FcsFormat):
        return "record"
    return "sheet row" if isinstance(file, XlsxFormat) else "line"


def _findings(delivery: Delivery, feed: Feed) -> Iterator[dict[str, Any]]:
    columns = ["object", "source_row", "column", "rule", "effect"]
    flags = pl.read_parquet(delivery.folder / "verdicts.parquet", columns=columns).filter(pl.col("effect") == "flag")
    grouped = (
        pl.concat([held(delivery).select(columns), flags])
        .group_by("rule", "effect", "object", "column")
        .agg(pl.len().alias("count"), pl.col("source_row").unique().sort().head(MOST_POSITIONS).alias("positions"))
        .sort("rule", "effect", "object", "column", nulls_last=False)
    )
    in_file = {(spec.name, column.name): column.physical_name for spec in feed.objects for column in spec.columns}
    for one in grouped.iter_rows(named=True):
        rule = rules().get(one["rule"])
        yield {
            "rule": one["rule"],
            "title": rule.title if rule else "",
            "why": rule.reason if rule else "",
            "effect": one["effect"],
            "object": one["object"],
            "column": one["column"],
            "column_in_file": in_file.get((one["object"], one["column"]), one["column"]),
            "count": one["count"],
            "positions": one["positions"],
        }


def _counted(said: dict[str, Any]) -> list[tuple[str, dict[str, int]]]:
    labels = {"units": f"{said['unit']}s", "cells": "cells"}
    return [(label, said["counts"][name]) for name, label in labels.items() if name in said["counts"]]


def _sum_of(counts: dict[str, int]) -> str:
    return f"{counts['in']} in = {counts['accepted']} accepted + {counts['set_aside']} set aside + {counts['erased']} erased"


def _often(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _positions(one: dict[str, Any]) -> str:
    named = ", ".join(str(position) for position in one["positions"])
    return f"{named}, ..." if len(one["positions"]) == MOST_POSITIONS else named


def _page(said: dict[str, Any]) -> str:
    title = f"Receipt: {said['feed']}, {said['file']}"
    facts = {
        "From": said["partner"],
        "File": said["file"],
        "Size": f"{said['size_bytes']} bytes",
        "SHA-256": said["sha256"],
        "Received": f"{said['received_at_utc']} (UTC)",
        "Judged": f"{said['judged_at_utc']} (UTC), contract {said['contract']['id']} v{said['contract']['version']}",
        "Sequence": said["sequence"] or "none stated",
        "Delivery": said["delivery"],
    }
    body = [_table("What arrived", [], [[name, f"<code>{_safe(value)}</code>"] for name, value in facts.items()])]
    if said["refusal"]:
        why = f"<strong>Refused whole</strong> under {_safe(said['refusal']['rule'])}: {_safe(said['refusal']['reason'])}"
        body.append(f'<p class="refused">{why}</p>')
    else:
        sums = [[label, *(str(counts[part]) for part in ("in", "accepted", "set_aside", "erased"))] for label, counts in _counted(said)]
        body.append(_table("What became of it", ["", "in", "accepted", "set aside", "erased"], sums))
        body += _findings_of_page(said)
    if said["not_in_the_contract"]:
        rows = [[f"<code>{_safe(name)}</code>", str(count)] for name, count in sorted(said["not_in_the_contract"].items())]
        body.append(_table("Elements that the contract does not know, and that were not read", ["element", "times"], rows))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{_safe(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{_safe(title)}</h1>\n"
        + "\n".join(body)
        + "\n<p>No value of any cell is in this receipt: positions, columns and rules alone.</p>\n</body>\n</html>\n"
    )


def _findings_of_page(said: dict[str, Any]) -> list[str]:
    if not said["findings"]:
        return ["<p>Nothing was set aside and nothing was flagged.</p>"]
    rows = [
        [
            _safe(one["rule"]),
            _EFFECTS[one["effect"]],
            f"<code>{_safe(one['column_in_file'])}</code>" if one["column_in_file"] else "whole record",
            str(one["count"]),
            f"<strong>{_safe(one['title'])}</strong><br>{_safe(one['why'])}",
            _safe(_positions(one)),
        ]
        for one in said["findings"]
    ]
    header = ["rule", "what became of it", "column", "times", "why", said["position_is"]]
    return [_table("What was set aside or flagged", header, rows), f"<p>{_CAN_SEND_AGAIN}</p>"]


def _table(caption: str, header: list[str], rows: list[list[str]]) -> str:
    """Cells are HTML already; numbers stand to the right."""
    names = "".join(f'<th scope="col">{_safe(name)}</th>' for name in header)
    head = f"<thead><tr>{names}</tr></thead>\n" if header else ""
    body = "\n".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    return f"<table>\n<caption>{_safe(caption)}</caption>\n{head}<tbody>\n{body}\n</tbody>\n</table>"


def _cell(cell: str) -> str:
    return f'<td class="n">{cell}</td>' if cell.isdigit() else f"<td>{cell}</td>"


def _safe(text: str) -> str:
    return html.escape(text)
