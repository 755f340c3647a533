"""Marks on a plane, drawn once and written twice: as SVG inside a page, and on a PDF canvas. Knows nothing of what they mean.

Units are points, from the upper left corner down. Colours are `#rrggbb`.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any, Literal

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Shape:
    """A closed or open line through `points`; `fill` closes it."""

    points: tuple[tuple[float, float], ...]
    stroke: str = ""
    fill: str = ""
    width: float = 1.0
    opacity: float = 1.0
    is_dashed: bool = False


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    fill: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Words:
    """One line of text; `y` is its base line."""

    x: float
    y: float
    text: str
    size: float = 8.0
    anchor: Anchor = "start"
    fill: str = "#1f2933"
    is_bold: bool = False
    leads_to: str = ""
    """Anchor on the same page; on paper it leads nowhere."""


@dataclass
class Drawing:
    """A plot: its size, what it shows in a sentence (for who cannot see it), and its marks, the last on top."""

    width: float
    height: float
    said: str
    marks: list[Shape | Dot | Words] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, *, fill: str, opacity: float = 1.0) -> None:
        """A filled rectangle."""
        self.marks.append(Shape(((x, y), (x + width, y), (x + width, y + height), (x, y + height)), fill=fill, opacity=opacity))

    def line(self, x: float, y: float, to_x: float, to_y: float, *, stroke: str, width: float = 1.0, is_dashed: bool = False) -> None:
        """A straight line."""
        self.marks.append(Shape(((x, y), (to_x, to_y)), stroke=stroke, width=width, is_dashed=is_dashed))

    def svg(self) -> str:
        """As an element of an HTML page."""
        said = html.escape(self.said)
        inside = "".join(_svg(mark) for mark in self.marks)
        return f'<svg viewBox="0 0 {_n(self.width)} {_n(self.height)}" role="img" aria-label="{said}"><title>{said}</title>{inside}</svg>'


def on_canvas(drawing: Drawing, canvas: Any, x: float, y: float) -> None:
    """Draw on a reportlab canvas, whose y grows upwards; (x, y) is the drawing's lower left corner there."""
    canvas.saveState()
    canvas.translate(x, y + drawing.height)
    for mark in drawing.marks:
        if isinstance(mark, Words):
            canvas.setFillColor(mark.fill)
            canvas.setFillAlpha(1)
            canvas.setFont("Helvetica-Bold" if mark.is_bold else "Helvetica", mark.size)
            draw = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}[mark.anchor]
            draw(mark.x, -mark.y, mark.text)
        elif isinstance(mark, Dot):
            canvas.setFillColor(mark.fill)
            canvas.setFillAlpha(mark.opacity)
            canvas.circle(mark.x, -mark.y, mark.radius, stroke=0, fill=1)
        else:
            _shape_on(mark, canvas)
    canvas.restoreState()


def _shape_on(shape: Shape, canvas: Any) -> None:
    path = canvas.beginPath()
    for place, (x, y) in enumerate(shape.points):
        (path.lineTo if place else path.moveTo)(x, -y)
    if shape.fill:
        path.close()
        canvas.setFillColor(shape.fill)
        canvas.setFillAlpha(shape.opacity)
    if shape.stroke:
        canvas.setStrokeColor(shape.stroke)
        canvas.setLineWidth(shape.width)
        canvas.setDash([3, 2] if shape.is_dashed else [])
    canvas.drawPath(path, stroke=int(bool(shape.stroke)), fill=int(bool(shape.fill)))


def _svg(mark: Shape | Dot | Words) -> str:
    if isinstance(mark, Words):
        weight = ' font-weight="700"' if mark.is_bold else ""
        place = f'x="{_n(mark.x)}" y="{_n(mark.y)}" font-size="{_n(mark.size)}" text-anchor="{mark.anchor}" fill="{mark.fill}"'
        text = f"<text {place}{weight}>{html.escape(mark.text)}</text>"
        return f'<a href="#{html.escape(mark.leads_to)}">{text}</a>' if mark.leads_to else text
    if isinstance(mark, Dot):
        place = f'cx="{_n(mark.x)}" cy="{_n(mark.y)}" r="{_n(mark.radius)}"'
        return f'<circle {place} fill="{mark.fill}" fill-opacity="{_n(mark.opacity)}"/>'
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in mark.points)
    fill = f'fill="{mark.fill}" fill-opacity="{_n(mark.opacity)}"' if mark.fill else 'fill="none"'
    dash = ' stroke-dasharray="3 2"' if mark.is_dashed else ""
    stroke = f' stroke="{mark.stroke}" stroke-width="{_n(mark.width)}"{dash}' if mark.stroke else ""
    return f'<{"polygon" if mark.fill else "polyline"} points="{points}" {fill}{stroke}/>'


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
