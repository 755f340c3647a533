"""The ledger of answers: what was written is read back, what was changed is named, and what was spent cannot be spent again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from cgt_etl.egress.collective.ledger import TamperedLedger
from cgt_etl.egress.questions.answer import RHO, Answer
from cgt_etl.egress.questions.estimate import Figure
from cgt_etl.egress.questions.ledger import EACH, LIFETIME_RHO, QUARTER_RHO, Entry, Ledger, answered, demand_room, spent
from cgt_etl.egress.rights.everybody import Refusal
from cgt_etl.errors import CgtError
from tests.egress.questions.worlds import KEY


def _entry(question: str = "contrast a by b", quarter: str = "2026Q1", asked_by: str = "maker Inc.") -> Entry:
    told = Answer(is_withheld=False, subjects=1480, figures=(Figure("risk difference, b", 0.08, -0.01, 0.17), Figure("risk difference, c")))
    refused = (Refusal("other Inc.", "other", "maker", "batch.disposition_code", "no agreement"),)
    return Entry(question, "batch", quarter, "2026-1", RHO, told, asked_by, "0001", refused)


def test_what_was_answered_is_read_back(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, KEY)
    entries = [_entry(), _entry("contrast a by c")._replace(answer=Answer(is_withheld=True, subjects=None, figures=()))]
    heads = [ledger.append(one) for one in entries]
    assert ledger.read() == entries
    assert (ledger.head, len(set(heads))) == (heads[-1], 2)
    assert answered(entries, "contrast a by c", "2026Q1") == entries[1]
    assert answered(entries, "contrast a by c", "2026Q2") is None


def test_who_asked_and_who_was_left_out_is_the_hubs_alone(tmp_path: Path) -> None:
    Ledger(tmp_path, KEY).append(_entry())
    told = (tmp_path / "released" / "000001.json").read_text()
    assert "risk difference" in told
    assert not any(secret in told for secret in ("Inc.", '0001"', "no agreement"))
    assert (tmp_path / "hub").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("part", ["released", "hub"])
def test_a_change_is_named(tmp_path: Path, part: str) -> None:
    ledger = Ledger(tmp_path, KEY)
    ledger.append(_entry())
    path = tmp_path / part / "000001.json"
    path.write_text(path.read_text().replace("maker Inc.", "x").replace("1480", "1481"))
    with pytest.raises(TamperedLedger, match=r"000001\.json"):
        ledger.read()


def test_an_answer_taken_out_is_noticed(tmp_path: Path) -> None:
    """Taken out, it would not count towards the budget: asked again of other rows, it would be answered beyond it."""
    ledger = Ledger(tmp_path, KEY)
    for name in "bcd":
        ledger.append(_entry(f"contrast a by {name}"))
    for part in ("released", "hub"):
        (tmp_path / part / "000002.json").unlink()
    with pytest.raises(TamperedLedger):
        ledger.append(_entry("contrast a by e"))


def _many(number: int, quarter: str = "2026Q1") -> list[Entry]:
    return [_entry(f"contrast a by x{at}", quarter, f"maker {at}") for at in range(number)]


def test_a_quarter_has_a_budget_that_all_share() -> None:
    full = int(QUARTER_RHO / RHO)
    demand_room(_many(full - 1), "batch", "2026Q1", "somebody", RHO)
    with pytest.raises(CgtError, match="quarter's privacy budget"):
        demand_room(_many(full), "batch", "2026Q1", "somebody", RHO)
    demand_room(_many(full), "batch", "2026Q2", "somebody", RHO)


def test_everything_ever_answered_adds_up() -> None:
    full = int(LIFETIME_RHO / RHO)
    quarters = [f"{2026 + at // 4}Q{at % 4 + 1}" for at in range(full)]
    ever = [one for quarter in quarters for one in _many(1, quarter)]
    assert spent(ever, "batch") == full * RHO > LIFETIME_RHO - RHO
    assert spent(ever, "batch", quarters[0]) == RHO
    assert spent(ever, "collection") == Fraction(0)
    with pytest.raises(CgtError, match="population's privacy budget"):
        demand_room(ever, "batch", "2099Q1", "somebody", RHO)


def test_one_partner_does_not_use_up_a_quarter() -> None:
    own = [_entry(f"contrast a by x{at}") for at in range(EACH)]
    with pytest.raises(CgtError, match="has asked"):
        demand_room(own, "batch", "2026Q1", "maker Inc.", RHO)
    demand_room(own, "batch", "2026Q1", "other Inc.", RHO)


def test_nothing_is_asked_about_a_quarter_before_the_last() -> None:
    with pytest.raises(CgtError, match="answered about 2026Q2 already"):
        demand_room(_many(1, "2026Q2"), "batch", "2026Q1", "somebody", RHO)
