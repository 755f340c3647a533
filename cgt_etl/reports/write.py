"""Writes the cards of a release: `<partner>/card.html`, `.pdf`, `.csv`, `.json`, each folder whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from cgt_etl.handoffs.cards.card import Card
from cgt_etl.landing import durable
from cgt_etl.reports.page import page
from cgt_etl.reports.sheet import sheet

SCHEMA_VERSION = "1.1.0"
"""Of card.json and card.csv."""
TEXTS = ("card.html", "card.csv", "card.json")
"""Of its files those of plain text; the PDF draws what they say."""
FIELDS = ("id", "section", "key", "text", "count", "of", "value", "low", "high", "unit", "why_not", "query", "where", "counted")


def files(card: Card) -> dict[str, bytes]:
    """Name -> bytes of the four files of a card."""
    return {"card.html": page(card).encode(), "card.pdf": sheet(card), "card.csv": _csv(card).encode(), "card.json": _json(card).encode()}


def write(made: Mapping[str, bytes], into: Path) -> Path:
    """Write the files of one card into its partner's folder, over what an earlier night left there."""
    durable.make_folder(into)
    for name, content in made.items():
        durable.replace_file(into / name, [content], root=into.parent)
    with suppress(OSError):  # another run writes there
        (into.parent / durable.WORKPLACE).rmdir()
    return into


def _csv(card: Card) -> str:
    """A row per statement; partner, site, release and quarter in each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("partner", "site", "release", "period", *FIELDS))
    for one in card.statements:
        told = asdict(one)
        writer.writerow(
            (card.partner, card.site, card.release, card.period, *("" if told[name] is None else told[name] for name in FIELDS))
        )
    return text.getvalue()


def _json(card: Card) -> str:
    return json.dumps({"schema_version": SCHEMA_VERSION, **asdict(card)}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
