"""A card as one HTML page, whole in one file: no script, style, font or picture from elsewhere; it prints.

Adds nothing to what the card says.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from cgt_etl.handoffs.cards.card import Card
from cgt_etl.reports import plots
from cgt_etl.reports.tiles import tiles

TEMPLATE = "card.html.jinja"
_WIDTH = 340.0


def page(card: Card) -> str:
    """The page of a card. Whatever a partner's name or file holds stands there as text."""
    drawn = {
        "stages": plots.stages(card.stages, _WIDTH).svg() if card.stages else "",
        "fate": plots.bars(card.fate, _WIDTH).svg() if card.fate else "",
        "causes": plots.bars(card.causes, _WIDTH, plots.BAD).svg() if card.causes else "",
        "curve": plots.curve(card.curve, _WIDTH).svg() if card.curve else "",
    }
    safe = {name: Markup(text) for name, text in drawn.items()}  # noqa: S704  ours; texts in it are escaped where they are drawn
    has_ids = any(look.own_id for look in card.looks)
    return template(TEMPLATE).render(card=card, plots=safe, tiles=tiles(card), has_ids=has_ids, drawn=drawn_ids(card)) + "\n"


def drawn_ids(card: Card) -> frozenset[str]:
    """Statements that a plot says in full: they need no line of their own."""
    bars = {bar.statement for bar in (*card.fate, *card.causes)}
    return frozenset(bars | {stage.statement for stage in card.stages if not stage.changed})


def sentence(text: str) -> str:
    """With a capital at its begin."""
    return text[:1].upper() + text[1:]


@cache
def template(name: str) -> jinja2.Template:
    """A template of this folder: everything put into it stands there as text, and what it does not get is an error."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["sentence"] = sentence
    return environment.get_template(name)
