"""An arrival sheet as one HTML page, whole in one file, and as a PDF of one page. Adds nothing to what the sheet says; knows no clock."""

from __future__ import annotations

import io

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.platypus import Flowable, Frame, KeepInFrame, Paragraph, Spacer, Table
from reportlab.platypus.doctemplate import BaseDocTemplate, PageTemplate

from cgt_etl.handoffs.arrival.sheet import Arrival, Section
from cgt_etl.reports.page import template
from cgt_etl.reports.sheet import CELL, SECTION, SMALL, escaped, table_style

TEMPLATE = "arrival.html.jinja"
PLAIN = (
    "For information. It decides nothing.",
    "Accept, thaw and give by the label, the certificate and your own procedure. This is what delivered records say until the day above.",
)
TONES = {"good": "as recorded", "look": "LOOK", "unknown": "not known"}
_MARGIN = 28.0
_COLOURS = {"good": "#1f2933", "look": "#c2410c", "unknown": "#5b6773"}
_PARTS = {2: (0.3, 0.7), 3: (0.2, 0.25, 0.55), 4: (0.38, 0.18, 0.2, 0.24), 5: (0.13, 0.26, 0.14, 0.19, 0.28)}
"""Shares of a table's width, by its columns."""


def page(sheet: Arrival) -> str:
    """The page of a sheet. Whatever a partner's name holds stands there as text."""
    return template(TEMPLATE).render(sheet=sheet, plain=PLAIN, tones=TONES) + "\n"


def pdf(sheet: Arrival) -> bytes:
    """The bytes of the PDF: one page, set smaller where there is much."""
    written = io.BytesIO()
    width, height = A4[0] - 2 * _MARGIN, A4[1] - 2 * _MARGIN
    document = BaseDocTemplate(written, pagesize=A4, title=escaped(f"Arrival sheet, {sheet.title}"), invariant=1, pageCompression=1)
    document.addPageTemplates([PageTemplate("arrival", [Frame(_MARGIN, _MARGIN, width, height, 0, 0, 0, 0)])])
    document.build([KeepInFrame(width, height, list(_all(sheet, width)), mode="shrink")])
    return written.getvalue()


def _all(sheet: Arrival, width: float) -> list[Flowable]:
    head = f'<font size="15"><b>{escaped(sheet.title)}</b></font>'
    under = f"Arrival sheet of one dose · records until {sheet.data_until} · release {sheet.release}"
    asked = [
        [Paragraph(f"{escaped(one.asks)}: {TONES[one.tone]}", SMALL) for one in sheet.verdicts],
        [Paragraph(f'<font color="{_COLOURS[one.tone]}"><b>{escaped(one.said)}</b></font>', CELL) for one in sheet.verdicts],
    ]
    verdicts = Table(asked, [width / len(sheet.verdicts)] * len(sheet.verdicts))
    verdicts.setStyle(table_style())
    verdicts.setStyle([("BACKGROUND", (0, 0), (-1, -1), HexColor("#f3f6f8"))])
    parts: list[Flowable] = [
        Paragraph(head, SECTION),
        Spacer(1, 6),
        Paragraph(escaped(under), SMALL),
        Spacer(1, 4),
        Paragraph(f"<b>{escaped(PLAIN[0])}</b> {escaped(PLAIN[1])}", CELL),
        Spacer(1, 4),
        verdicts,
    ]
    for section in sheet.sections:
        parts += _section(section, width)
    hint = f"Where all else from the same sources is, and who received it: {sheet.recall} (or cgt-etl recall - with the label's number)."
    return [*parts, Spacer(1, 6), Paragraph(escaped(hint), CELL)]


def _section(section: Section, width: float) -> list[Flowable]:
    parts: list[Flowable] = [Paragraph(escaped(section.title), SECTION)]
    rows = [[Paragraph(f"<b>{escaped(name)}</b>", CELL) for name in section.head]] if section.head[0] else []
    rows += [[Paragraph(f'<font color="{_COLOURS[row.tone]}">{escaped(cell)}</font>', CELL) for cell in row.cells] for row in section.rows]
    if section.rows:
        table = Table(rows, [width * part for part in _PARTS[len(section.head)]])
        table.setStyle(table_style())
        parts.append(table)
    return [*parts, Paragraph(escaped(section.note), SMALL)] if section.note else parts
