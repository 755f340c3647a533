"""Arrival sheets of a whole network: the number that stands on a sheet leads to its dose again, and no other dose's key is on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cgt_etl.handoffs.arrival import facts
from cgt_etl.release.opened import open_release
from cgt_etl.reports.arrivals import write_arrivals
from cgt_etl.settings import Settings
from tests.e2e.conftest import KEY, Home

pytestmark = pytest.mark.slow

NUMBER = re.compile(r"(?:lot|batch) (\S+), as the maker writes it")
FEW = 2


def check(settings: Settings, out: Path) -> dict[str, int]:
    """By maker, how many of its doses had a number to try, up to a few; also of who makes what another numbers."""
    connection = open_release(settings.home).duckdb()
    try:
        rows = connection.execute("select dose_unit_id, lot_id, batch_id from dose_unit where batch_id is not null order by all").fetchall()
        makers = {dose: facts.source(connection, dose).maker for dose, _, _ in rows}
    finally:
        connection.close()
    tried = dict.fromkeys(sorted(set(makers.values()) - {""}), 0)
    for dose, lot, batch in rows:
        maker = makers[dose]
        if tried.get(maker, FEW) == FEW:
            continue
        [folder] = write_arrivals(settings, dose, None, out, with_ids=True)
        text = (folder / "arrival.html").read_text(encoding="utf-8")
        others = {key for one in rows if one[0] != dose for key in one} - {lot, batch}
        assert not [key for key in others if key in text]
        if number := NUMBER.search(text):
            assert dose in {one.name for one in write_arrivals(settings, number[1], None, out / "again")}
            tried[maker] += 1
    return tried


def test_the_number_on_a_sheet_leads_to_its_dose(network: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_MASTER_KEY", KEY)
    tried = check(Settings(home=network.path), tmp_path)
    assert tried and all(tried.values()), tried
