"""How things and steps are called in drawings, in text and in SVG alike."""

from __future__ import annotations

from cgt_etl.genealogy.graph import Step
from cgt_etl.genealogy.things import UNKNOWN, Thing


def of_thing(thing: Thing) -> list[str]:
    """What it is, what became of it and when, how much, where; what is unknown is left out, but for what became of it."""
    amount = figures(thing.volume_ml, thing.cells_10_6, thing.counted)
    site = thing.site.site_name or thing.site.site_id if thing.site else None
    became = "fate unknown" if thing.disposition == UNKNOWN else thing.disposition
    became = f"{became}; {thing.day.isoformat()}" if thing.day else became
    lines = [thing.kind, became, amount, site]
    return [line for line in lines if line]


def of_step(step: Step) -> str:
    """Type of the step, and what went along it."""
    amount = figures(step.volume_ml, step.cell_count_10_6, counted(step))
    return f"{step.edge_type} {amount}" if amount else step.edge_type


def counted(step: Step) -> str:
    """Which cells were counted, and how."""
    return " ".join(word for word in (step.analyte, step.method) if word)


def figures(volume_ml: float | None, cells_10_6: float | None, what: str | None = None) -> str:
    """Volume and cells with their units, four digits."""
    parts = []
    if volume_ml is not None:
        parts.append(f"{volume_ml:.4g} mL")
    if cells_10_6 is not None:
        parts.append(f"{_plain(cells_10_6)} ×10⁶{f' {what}' if what else ''}")
    return ", ".join(parts)


def _plain(value: float) -> str:
    """Four digits, and never an exponent beside the unit's own."""
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
