"""Writes the cards of a release: `<partner>/card.html`, `.pdf`, `.csv`, `.json`, each folder whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from cgt_etl.handoffs.cards.card import Card
from cgt_etl.landing import durable
from cgt_etl.reports.page import page
from cgt_etl.reports.sheet import sheet

SCHEMA_VERSION = "1.0.0"
"""Of card.json and card.csv."""
TEXTS = ("card.html", "card.csv", "card.json")
"""Of its files those of plain text; the PDF draws what they say."""
FIELDS = ("id", "section", "key", "text", "count", "of", "value", "low", "high", "unit", "why_not", "query", "where", "counted")


def files(card: Card) -> dict[str, bytes]:
    """Name -> bytes of the four files of a card."""
    return {"card.html": page(card).encode(), "card.pdf": sheet(card), "card.csv": _csv(card).encode(), "card.json": _json(card).encode()}


def write(card: Card, folder: Path) -> Path:
    """Write one card below `folder`, over what an earlier night left there."""
    into = folder / card.partner
    durable.make_folder(into)
    for name, content in files(card).items():
        durable.replace_file(into / name, [content], root=folder)
    with suppress(OSError):  # another run writes there
        (folder / durable.WORKPLACE).rmdir()
    return into


def _csv(card: Card) -> str:
    """A row per statement; partner, release and quarter in each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("partner", "release", "period", *FIELDS))
    for one in card.statements:
        told = asdict(one)
        writer.writerow((card.partner, card.release, card.period, *("" if told[name] is None else told[name] for name in FIELDS)))
    return text.getvalue()


def _json(card: Card) -> str:
    return json.dumps({"schema_version": SCHEMA_VERSION, **asdict(card)}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
