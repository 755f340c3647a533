"""A genealogy as one SVG file: from collections at the left to infusions at the right, with what went along each step.

Stands alone: no script, no style sheet, no font and nothing else from outside; title and description for who does not see it. Its bytes
depend on the release alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

from cgt_etl.errors import CgtError
from cgt_etl.genealogy import words
from cgt_etl.genealogy.graph import MATERIAL, Node, Step
from cgt_etl.genealogy.layout import Layout, arrange
from cgt_etl.genealogy.recall import Recall

MOST_DRAWN = 2_000
"""Things; more are read in a table, not in a drawing."""
_WIDTH, _LINE, _PAD = 216, 16, 9
_BETWEEN, _GAP, _MARGIN = 150, 20, 28
_HEAD, _FOOT = 64, 84
_FONTS = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"
_CHARACTERS = 32
"""Of a line in a box, at most."""
_LIGHT = {
    "collection": "#f9dcdc",
    MATERIAL: "#e6e6e6",
    "product": "#fbe8c8",
    "batch": "#d9e8f7",
    "dose_unit": "#e2dcf3",
    "administration": "#d8eedb",
}
_OTHER = "#ffffff"
_LINE_OF_BOX = 'stroke="#777"'
_ASKED = 'stroke="#111" stroke-width="2.5"'
_DASHED = ' stroke-dasharray="5 3"'
_ENDED = ("discarded", "terminated", "rejected")


def draw(found: Recall) -> str:
    """The drawing.

    Raises:
        CgtError: there is nothing to draw, or too much.
    """
    if not 0 < len(found.things) <= MOST_DRAWN:
        raise CgtError(
            f"a drawing holds 1 to {MOST_DRAWN} things, this would hold {len(found.things)}", remedy="`cgt-etl recall` lists them"
        )
    name = {node: f"{number:06d}" for number, node in enumerate(found.ordered)}
    lines = {node: words.of_thing(found.things[node]) for node in found.ordered}
    layout = arrange(
        {name[node]: _tall(lines[node]) for node in found.ordered},
        [(name[step.parent], name[step.child]) for step in found.lineage.steps],
        gap=_GAP,
        last=[name[node] for node in found.ordered if node.table == "administration"],
        beside_child=[name[node] for node in found.ordered if node.table == MATERIAL],
    )
    width = max(2 * _MARGIN + (max(layout.layer.values()) + 1) * (_WIDTH + _BETWEEN) - _BETWEEN, 760)
    height = _HEAD + layout.height + _FOOT
    parts = [*_head(found, width, height), *_steps(found, layout, name), *_boxes(found, layout, name, lines), *_legend(found, height)]
    return "\n".join([*parts, "</svg>", ""])


def _head(found: Recall, width: float, height: float) -> Iterator[str]:
    asked = Counter(node.table for node in found.meant)
    title = f"Genealogy of {' and '.join(_many(count, table) for table, count in sorted(asked.items()))}"
    counts = Counter(node.table for node in found.things)
    said = ", ".join(_many(count, table) for table, count in sorted(counts.items()))
    steps = ", ".join(sorted({step.edge_type for step in found.lineage.steps})) or "none"
    described = f"From left to right, what came from what: {said}. Types of step: {steps}. Release {found.release}."
    size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc" font-family="{_FONTS}" font-size="12">'
    yield f'<title id="title">{escape(title)}</title>'
    yield f'<desc id="desc">{escape(described)}</desc>'
    yield '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    yield '<path d="M0 0.5 7.5 4 0 7.5z" fill="#555"/></marker></defs>'
    yield f'<rect width="{_n(width)}" height="{_n(height)}" fill="#fff"/>'
    yield f'<text x="{_MARGIN}" y="28" font-size="17" font-weight="600">{escape(title)}</text>'
    yield f'<text x="{_MARGIN}" y="47" fill="#555">release {escape(found.release)}: {escape(said)}</text>'


def _boxes(found: Recall, layout: Layout, name: dict[Node, str], lines: dict[Node, list[str]]) -> Iterator[str]:
    for number, node in enumerate(found.ordered, start=1):
        tall = _tall(lines[node])
        left, top = _left(layout, name[node]), _HEAD + layout.centre[name[node]] - tall / 2
        line = _ASKED if node in found.meant else _LINE_OF_BOX
        ended = _DASHED if found.things[node].disposition in _ENDED else ""
        fill = f'fill="{_LIGHT.get(node.table, _OTHER)}" {line}{ended}'
        x, y, end = _n(left + 10), top + _PAD + 10, _n(left + _WIDTH - 10)
        yield f"<g><title>{escape('; '.join([f'{node.table} {node.key}', *lines[node]]))}</title>"
        yield f'<rect x="{_n(left)}" y="{_n(top)}" width="{_WIDTH}" height="{_n(tall)}" rx="6" {fill}/>'
        yield f'<text x="{x}" y="{_n(y)}" font-weight="600">{number} {escape(node.table.replace("_", " "))}</text>'
        yield f'<text x="{end}" y="{_n(y)}" text-anchor="end" fill="#555" font-size="10">{escape(node.key[:8])}</text>'
        for place, said in enumerate(lines[node], start=1):
            yield f'<text x="{x}" y="{_n(y + place * _LINE)}">{escape(_short(said))}</text>'
        yield "</g>"


def _steps(found: Recall, layout: Layout, name: dict[Node, str]) -> Iterator[str]:
    said: dict[tuple[Node, Node], list[Step]] = {}
    for step in found.lineage.steps:
        said.setdefault((step.parent, step.child), []).append(step)
    onward, back = Counter(parent for parent, _ in said), Counter(child for _, child in said)
    labels = []
    for (parent, child), steps in sorted(said.items()):
        points = _way(layout, name[parent], name[child])
        curve = f"M{_n(points[0][0])} {_n(points[0][1])}"
        for (x0, y0), (x1, y1) in pairwise(points):
            reach = max(abs(x1 - x0) / 2, 30) if x1 > x0 else 60
            curve += f"C{_n(x0 + reach)} {_n(y0)} {_n(x1 - reach)} {_n(y1)} {_n(x1)} {_n(y1)}"
        yield f'<path d="{curve}" fill="none" stroke="#777" stroke-width="1.3" marker-end="url(#arrow)"/>'
        x, y, anchor = _label_at(points, is_only_in=back[child] == 1, is_only_out=onward[parent] == 1)
        for place, line in enumerate(line for step in steps for line in _label(step)):
            labels.append(f'<text x="{_n(x)}" y="{_n(y - 5 + place * 12)}" text-anchor="{anchor}">{escape(line)}</text>')
    halo = 'stroke="#fff" stroke-width="3.5" paint-order="stroke" stroke-linejoin="round"'
    yield f'<g font-size="10.5" fill="#333" {halo}>'
    yield from labels
    yield "</g>"


def _label_at(points: Sequence[tuple[float, float]], *, is_only_in: bool, is_only_out: bool) -> tuple[float, float, str]:
    """Where no other step's label stands: at the end that the step has for itself, else between; x, y, anchor."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    if is_only_in:
        return x1 - 12, y1, "end"
    if is_only_out:
        return x0 + 8, y0, "start"
    (x1, y1) = points[1]
    return (x0 + x1) / 2, y0 + (y1 - y0) * 0.4, "middle"


def _label(step: Step) -> Iterator[str]:
    """Type and volume above the line, the count and how it was counted below it."""
    yield f"{step.edge_type} {words.figures(step.volume_ml, None)}".rstrip()
    if step.cell_count_10_6 is not None:
        yield words.figures(None, step.cell_count_10_6, step.analyte)
    if step.method:
        yield step.method.replace("_", " ")


def _way(layout: Layout, parent: str, child: str) -> Sequence[tuple[float, float]]:
    """From the right side of the parent to the left side of the child, through the layers between."""
    points = [(_left(layout, parent) + _WIDTH, _HEAD + layout.centre[parent])]
    forth = 1 if layout.layer[parent] < layout.layer[child] else -1
    for place, at in enumerate(layout.ways[parent, child], start=1):
        left = _MARGIN + (layout.layer[parent] + forth * place) * (_WIDTH + _BETWEEN)
        points += [(left, _HEAD + at), (left + _WIDTH, _HEAD + at)][::forth]
    return [*points, (_left(layout, child), _HEAD + layout.centre[child])]


def _legend(found: Recall, height: float) -> Iterator[str]:
    tables = {node.table for node in found.things}
    entries = [(table.replace("_", " "), f'fill="{light}" {_LINE_OF_BOX}') for table, light in _LIGHT.items() if table in tables]
    entries.append(("asked for", f'fill="{_OTHER}" {_ASKED}'))
    if any(thing.disposition in _ENDED for thing in found.things.values()):
        entries.append((", ".join(_ENDED), f'fill="{_OTHER}" {_LINE_OF_BOX}{_DASHED}'))
    top, left = height - _FOOT + 32, float(_MARGIN)
    yield '<g font-size="11">'
    for label, style in entries:
        yield f'<rect x="{_n(left)}" y="{_n(top)}" width="22" height="13" rx="3" {style}/>'
        yield f'<text x="{_n(left + 28)}" y="{_n(top + 11)}">{escape(label)}</text>'
        left += 46 + 6.2 * len(label)
    how = "An arrow leads from a thing to what came of it; on it type of step, volume and cells where a record says them."
    yield f'<text x="{_MARGIN}" y="{_n(top + 34)}" fill="#555">{how} Beside a number: first digits of the id.</text>'
    yield "</g>"


def _tall(lines: Sequence[str]) -> int:
    return (1 + len(lines)) * _LINE + 2 * _PAD - 3


def _left(layout: Layout, name: str) -> float:
    return _MARGIN + layout.layer[name] * (_WIDTH + _BETWEEN)


def _short(line: str) -> str:
    return line if len(line) <= _CHARACTERS else f"{line[: _CHARACTERS - 1]}…"


def _many(count: int, table: str) -> str:
    name = table.replace("_", " ")
    return f"{count} {name if count == 1 else f'{name}es' if name.endswith('ch') else f'{name}s'}"


def _n(value: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")
