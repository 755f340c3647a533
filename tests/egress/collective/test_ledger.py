"""The ledger gives back what was written, in the same bytes each time, and says where it was changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cgt_etl.egress.collective.engine import Cut, Quarter, cut
from cgt_etl.egress.collective.ledger import FIRST, Ledger, TamperedLedger
from cgt_etl.errors import CgtError
from tests.egress.collective.worlds import evenly, people, plan

KEY = b"key"


def _three(folder: Path) -> list[Cut]:
    ledger, cuts = Ledger(folder, KEY), []
    for number, each in enumerate((10, 20, 30), start=1):
        made = cut(plan("ab", "bc"), people(evenly("a1 b1 c1", each)), Quarter(2026, number), key=KEY, before=cuts[-1] if cuts else None)
        ledger.append(made)
        cuts.append(made)
    return cuts


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    cuts = _three(tmp_path)
    read = Ledger(tmp_path, KEY).read()
    assert [(one.quarter, one.plan, one.is_rebase, one.cells) for one in read] == [
        (one.quarter, one.plan, one.is_rebase, one.cells) for one in cuts
    ]
    assert read[-1].standing == cuts[-1].standing
    assert Ledger(tmp_path / "none", KEY).read() == []


def test_who_was_in_earlier_cuts_is_not_kept(tmp_path: Path) -> None:
    _three(tmp_path)
    assert [path.name for path in (tmp_path / "hub").glob("*.members.json")] == ["2026Q3.members.json"]
    assert (tmp_path / "hub").stat().st_mode & 0o077 == 0


def test_what_everybody_gets_names_nobody(tmp_path: Path) -> None:
    _three(tmp_path)
    for path in (tmp_path / "released").iterdir():
        said = json.loads(path.read_text())
        assert said.keys() == {"quarter", "plan", "is_rebase", "cells", "previous", "behind", "members"}
        assert all(cell.keys() == {"table", "categories", "value"} for cell in said["cells"])
        assert "p0" not in path.read_text()


def test_the_same_cuts_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        _three(tmp_path / name)
    for path in sorted((tmp_path / "one").rglob("*.json")):
        assert path.read_bytes() == (tmp_path / "other" / path.relative_to(tmp_path / "one")).read_bytes()


def _change_a_figure(folder: Path) -> None:
    path = folder / "released" / "2026Q2.json"
    path.write_text(path.read_text().replace('"value":null', '"value":22', 1))


def _change_counts(folder: Path) -> None:
    path = folder / "hub" / "2026Q1.json"
    path.write_text(path.read_text().replace(",10]", ",11]", 1))


def _move(folder: Path) -> None:
    for kind in ("released", "hub"):
        (folder / kind / "2026Q3.json").rename(folder / kind / "2026Q4.json")


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (_change_a_figure, "2026Q2"),
        (_change_counts, "2026Q1"),
        (_move, "2026Q4"),
        (lambda folder: (folder / "released" / "2026Q1.json").unlink(), "2026Q2"),
        (lambda folder: (folder / "hub" / "2026Q2.json").unlink(), "2026Q2"),
        (lambda folder: (folder / "hub" / "2026Q3.members.json").write_text("[]"), "2026Q3.members"),
        (lambda folder: (folder / "released" / "2026Q2.json").write_text("{"), "2026Q2"),
    ],
)
def test_a_change_is_seen_and_named(tmp_path: Path, tamper, says: str) -> None:
    _three(tmp_path)
    tamper(tmp_path)
    with pytest.raises(TamperedLedger, match=says):
        Ledger(tmp_path, KEY).read()


def test_cuts_taken_off_the_end_are_seen_by_who_knows_the_last(tmp_path: Path) -> None:
    assert Ledger(tmp_path, KEY).head == FIRST
    _three(tmp_path)
    head = Ledger(tmp_path, KEY).head
    assert len(Ledger(tmp_path, KEY).read(head)) == 3
    (tmp_path / "released" / "2026Q3.json").unlink()
    with pytest.raises(TamperedLedger, match="does not end"):
        Ledger(tmp_path, KEY).read(head)


def test_a_quarter_is_written_once(tmp_path: Path) -> None:
    cuts = _three(tmp_path)
    with pytest.raises(CgtError, match="2026Q3 already"):
        Ledger(tmp_path, KEY).append(cuts[-1])
