"""The files of an arrival sheet: they decide nothing and say so, one page, whole in themselves, the same bytes every time."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from cgt_etl.handoffs.arrival import facts
from cgt_etl.handoffs.arrival.sheet import Arrival
from cgt_etl.reports.arrival_page import PLAIN, page, pdf
from tests.handoffs.arrival_world import DOSE, build


@pytest.fixture(scope="module")
def sheet() -> Arrival:
    with build() as warehouse:
        return facts.arrival(warehouse, "0007-0123456789abcdef", DOSE)


def test_a_page_says_all_of_the_sheet_and_that_it_decides_nothing(sheet: Arrival) -> None:
    text = page(sheet).replace("&#39;", "'")
    assert "It decides nothing." in PLAIN[0]
    assert all(words in text for words in PLAIN)
    assert all(cell in text for section in sheet.sections for row in section.rows for cell in row.cells)
    assert all(one.said in text for one in sheet.verdicts)
    assert f"<code>{sheet.recall}</code>" in text


def test_a_page_is_whole_in_itself_and_shows_names_as_text(sheet: Arrival) -> None:
    text = page(replace(sheet, title="<b>nakcel</b>"))
    assert not re.search(r"<script|<link|<img|https?:|url\(|@import", text)
    assert "&lt;b&gt;nakcel" in text


def test_the_pdf_is_one_page_and_the_same_bytes(sheet: Arrival) -> None:
    made = pdf(sheet)
    assert made == pdf(sheet)
    assert len(re.findall(rb"/Type /Page\b", made)) == 1
    long = replace(sheet, sections=sheet.sections * 4)
    assert len(re.findall(rb"/Type /Page\b", pdf(long))) == 1
