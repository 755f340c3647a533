"""A card as PDF: the first page is for reading, the next ones say where each statement comes from. Adds nothing to what the card says.

The first page holds whatever a card may hold: a column that is too long is set smaller. No clock: the same card gives the same bytes.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, KeepInFrame, PageBreak, Paragraph, Spacer, Table, TableStyle
from reportlab.platypus.doctemplate import BaseDocTemplate, FrameBreak, NextPageTemplate, PageTemplate

from cgt_etl.handoffs.cards.card import Card, Statement
from cgt_etl.reports import plots
from cgt_etl.reports.drawing import Drawing, on_canvas
from cgt_etl.reports.page import drawn_ids, sentence
from cgt_etl.reports.tiles import tiles

_MARGIN, _GAP = 30.0, 16.0
_WIDTH, _HEIGHT = A4
_COLUMN = (_WIDTH - 2 * _MARGIN - _GAP) / 2
_TOP = 148.0
"""Points that title, tiles and action take."""
_INK, _SOFT, _HEAD, _OWN, _BAD, _RULE = (HexColor(code) for code in ("#1f2933", "#5b6773", "#14526a", "#1f6f8b", "#c2410c", "#d5dbe1"))
_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=8.2, leading=10.2, textColor=_INK)
_POINT = ParagraphStyle("point", parent=_TEXT, leftIndent=8, bulletIndent=0, bulletFontSize=8, spaceAfter=1.5)
SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=7, leading=8.6, textColor=_SOFT)
CELL = ParagraphStyle("cell", parent=_TEXT, fontSize=7.2, leading=8.8)
_CODE = ParagraphStyle("code", parent=CELL, fontName="Courier", fontSize=6.2, leading=7.6, wordWrap="CJK")
SECTION = ParagraphStyle(
    "section", parent=_TEXT, fontName="Helvetica-Bold", fontSize=9.5, leading=12, textColor=_HEAD, spaceBefore=6, spaceAfter=2
)
_TODO = ParagraphStyle("todo", parent=_TEXT, fontSize=9, leading=11.5)


class _Plot(Flowable):  # type: ignore[misc]  # untyped
    """A drawing among the paragraphs."""

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self.drawing = drawing

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self.drawing.width, self.drawing.height + 3

    def draw(self) -> None:
        on_canvas(self.drawing, self.canv, 0, 3)


def sheet(card: Card) -> bytes:
    """The bytes of the PDF."""
    written = io.BytesIO()
    height = _HEIGHT - 2 * _MARGIN - _TOP
    frames = [
        Frame(_MARGIN + place * (_COLUMN + _GAP), _MARGIN + 12, _COLUMN, height - 12, 0, 0, 0, 0, id=f"column{place}") for place in (0, 1)
    ]
    behind = Frame(_MARGIN, _MARGIN, _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN, 0, 0, 0, 0, id="behind")
    document = BaseDocTemplate(written, pagesize=A4, title=plain(f"Feedback card, {card.partner_name}"), invariant=1, pageCompression=1)
    document.addPageTemplates([PageTemplate("card", frames, onPage=_head(card)), PageTemplate("behind", [behind])])
    columns: list[Flowable] = [
        KeepInFrame(_COLUMN, height - 12, column, mode="shrink", mergeSpace=1) for column in (list(_left(card)), list(_right(card)))
    ]
    document.build([columns[0], FrameBreak(), columns[1], NextPageTemplate("behind"), PageBreak(), *_behind(card)])
    return written.getvalue()


def _head(card: Card) -> Callable[[Canvas, BaseDocTemplate], None]:
    def draw(canvas: Canvas, _document: BaseDocTemplate) -> None:
        top = _HEIGHT - _MARGIN
        name, of = plain(card.partner_name), f"handoffs until {card.data_until} · release {card.release}"
        room = _WIDTH - 2 * _MARGIN - _GAP - canvas.stringWidth(of, "Helvetica", 8)
        canvas.setFillColor(_INK)
        # a site's name has its organisation's before it
        canvas.setFont("Helvetica-Bold", min(16.0, 16 * room / canvas.stringWidth(name, "Helvetica-Bold", 16)))
        canvas.drawString(_MARGIN, top - 12, name)
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(_SOFT)
        canvas.drawString(_MARGIN, top - 25, plain(f"Feedback card · {card.roles}"))
        canvas.drawRightString(_WIDTH - _MARGIN, top - 13, of)
        canvas.drawRightString(_WIDTH - _MARGIN, top - 25, "for quality improvement; not for deciding on a product or a patient")
        canvas.setStrokeColor(_OWN)
        canvas.setLineWidth(2)
        canvas.line(_MARGIN, top - 31, _WIDTH - _MARGIN, top - 31)
        _tiles_on(canvas, card, top - 38)
        for one in card.of("action"):
            said = Paragraph(f"<b>Do this next.</b> {escaped(one.text)}", _TODO)
            _, height = said.wrap(_WIDTH - 2 * _MARGIN - 18, 60)
            canvas.setFillColor(HexColor("#fff4e8"))
            canvas.rect(_MARGIN, top - 98 - height, _WIDTH - 2 * _MARGIN, height + 8, stroke=0, fill=1)
            canvas.setFillColor(_BAD)
            canvas.rect(_MARGIN, top - 98 - height, 3, height + 8, stroke=0, fill=1)
            said.drawOn(canvas, _MARGIN + 10, top - 93 - height)
        foot = "Ranges are 95 % intervals. Other organisations appear by role only. To dispute a statement, name its id (next page)."
        canvas.setFont("Helvetica", 7)
        canvas.setFillColor(_SOFT)
        canvas.drawString(_MARGIN, _MARGIN, foot)

    return draw


def _tiles_on(canvas: Canvas, card: Card, top: float) -> None:
    shown = tiles(card)
    width = (_WIDTH - 2 * _MARGIN - 8 * (len(shown) - 1)) / len(shown)
    for place, tile in enumerate(shown):
        x = _MARGIN + place * (width + 8)
        canvas.setFillColor(HexColor("#f3f6f8"))
        canvas.roundRect(x, top - 44, width, 44, 4, stroke=0, fill=1)
        canvas.setFillColor(_BAD if tile.is_bad else _INK)
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(x + 7, top - 16, tile.figure)
        canvas.setFillColor(_INK)
        canvas.setFont("Helvetica", 8)
        canvas.drawString(x + 7, top - 27, tile.words)
        canvas.setFillColor(_SOFT)
        canvas.setFont("Helvetica", 7)
        canvas.drawString(x + 7, top - 38, tile.interval)


def _left(card: Card) -> Iterable[Flowable]:
    if card.kinds:
        yield _title("Your handoffs")
        rows = [["what", "all", "received", "open (late)", "lost", "canc.", "wrong"]]
        rows += [
            [
                f"{kind.what} {'to' if kind.side == 'gave' else 'from'} the {kind.counterpart}",
                *map(str, (kind.count, kind.received)),
                f"{kind.open} ({kind.overdue})",
                *map(str, (kind.lost, kind.cancelled, kind.wrong)),
            ]
            for kind in card.kinds
        ]
        yield _table(rows, (0.33, 0.08, 0.14, 0.15, 0.08, 0.11, 0.11), numbers=1)
    if card.stages:
        yield _title("Your hours, by stage")
        yield _Plot(plots.stages(card.stages, _COLUMN))
        yield from _points(card, "hours", 5)
    if card.of("peers"):
        yield _title("Among your peers")
        yield Paragraph(f"as of the quarterly cut on {card.compared_until}; from eight contributors on", SMALL)
        yield from _points(card, "peers", 4)
    if card.site:  # whose files they are, no record of them tells
        return
    yield _title("Promised and delivered")
    rows = [["feed", "promised", "files", "refused", "records", "set aside"]]
    for feed in card.feeds:
        promised = feed.promised + (f": {feed.verdict}" if feed.verdict not in ("", "no promise") else "")
        rows.append([feed.feed, promised, *map(str, (feed.files, feed.refused, feed.units, feed.set_aside))])
    yield _table(rows, (0.33, 0.25, 0.08, 0.12, 0.12, 0.10), numbers=2)


def _right(card: Card) -> Iterable[Flowable]:
    if card.of("downstream"):
        yield _title("What became of your treatments")
        if card.fate:
            yield _Plot(plots.bars(card.fate, _COLUMN))
        if card.curve:
            yield _Plot(plots.curve(card.curve, _COLUMN, 76))
        yield from _points(card, "downstream", 7)
    if card.of("causes"):
        yield _title("What goes wrong most")
        if card.causes:
            yield _Plot(plots.bars(card.causes, _COLUMN, plots.BAD))
        yield from _points(card, "causes", 6)
    if card.of("missing"):
        yield _title("Could not be computed")
        yield from _points(card, "missing", 5)
    if card.looks:
        yield _title("Look at these")
        has_ids = any(look.own_id for look in card.looks)
        rows = [["what", "wrong", "in your file", *(["your number"] if has_ids else [])]]
        for look in card.looks:
            place = f"{look.feed} {look.sequence}, record {look.position}" if look.feed else "no record of yours"
            rows.append([f"{look.what}, {look.side}", look.wrong, place, *([look.own_id] if has_ids else [])])
        yield _table(rows, (0.25, 0.22, 0.29, 0.24) if has_ids else (0.3, 0.27, 0.43))
        if card.looks_left_out:
            yield Paragraph(f"and {card.looks_left_out} more: query own_handoff", SMALL)


def _behind(card: Card) -> Iterable[Flowable]:
    yield _title("Behind each statement")
    asked = card.partner + (f" and $site {card.site}" if card.site else "")
    said = f"Each was counted on release {card.release}: over the rows of the query that meet the condition, $party being {asked}. "
    yield Paragraph(escaped(said + f"An id stays the same within {card.period}. The queries stand in card.html and card.json."), SMALL)
    yield Spacer(1, 4)
    head = [Paragraph(f"<b>{name}</b>", CELL) for name in ("id", "statement", "query", "rows", "count", "of")]
    rows = [head, *(_row(one) for one in card.statements)]
    width = _WIDTH - 2 * _MARGIN
    table = Table(rows, [width * part for part in (0.115, 0.40, 0.12, 0.245, 0.06, 0.06)], repeatRows=1)
    table.setStyle(table_style())
    yield table


def _row(one: Statement) -> list[Paragraph]:
    numbers = ["" if number is None else str(number) for number in (one.count, one.of)]
    texts = [
        (one.id, _CODE),
        (sentence(one.text), CELL),
        (one.query, CELL),
        (f"{one.counted} where {one.where}", _CODE),
        *((text, CELL) for text in numbers),
    ]
    return [Paragraph(escaped(text), style) for text, style in texts]


def _points(card: Card, section: str, most: int) -> Iterable[Flowable]:
    told = [one for one in card.of(section) if one.id not in drawn_ids(card)]
    for one in told[:most]:
        yield Paragraph(escaped(sentence(one.text)), _POINT, bulletText="•")
    if len(told) > most:
        yield Paragraph(f"{len(told) - most} more on the next page", SMALL)


def _title(text: str) -> Paragraph:
    return Paragraph(escaped(text), SECTION)


def _table(rows: Sequence[Sequence[str]], parts: Sequence[float], numbers: int = 99) -> Table:
    """Cells from the column `numbers` on stand at the right."""
    right = ParagraphStyle("right", parent=CELL, alignment=2)
    cells = [
        [
            Paragraph(f"<b>{escaped(text)}</b>" if not line else escaped(text), right if place >= numbers else CELL)
            for place, text in enumerate(row)
        ]
        for line, row in enumerate(rows)
    ]
    table = Table(cells, [_COLUMN * part for part in parts])
    table.setStyle(table_style())
    return table


def table_style() -> TableStyle:
    """A line below each row, and little room around."""
    return TableStyle([
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 1.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.6),
    ])  # fmt: skip


def escaped(text: str) -> str:
    """As text inside a paragraph."""
    return escape(plain(text))


def plain(text: str) -> str:
    """As the fonts that every reader of PDF has can show it: other letters without their marks, else a question mark."""
    return "".join(
        sign if _has(sign) else unicodedata.normalize("NFKD", sign).encode("cp1252", "ignore").decode("cp1252") or "?" for sign in text
    )


def _has(sign: str) -> bool:
    try:
        sign.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
