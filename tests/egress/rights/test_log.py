"""A decision is kept with everything it was made on, and what was kept cannot be changed unseen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cgt_etl.egress.rights.agreements import Network, Refusal
from cgt_etl.egress.rights.decisions import ENGINE, Rights
from cgt_etl.egress.rights.log import FIRST, Log, TamperedLog, record
from tests.egress.rights.world import agreement, network, request


def _network() -> Network:
    refusal = Refusal.model_validate({"refusal": "no", "to": "everybody", "what": ["outcome"], "why": "because"})
    return network(agreement(), refusals=(refusal,))


def test_a_record_has_the_inputs_of_each_decision() -> None:
    rights = Rights(_network())
    asked = [
        request(),
        request(column="lot_id"),
        request(column="recipe"),
        request(table="outcome", column="grade"),
        request(recipient="ash"),
    ]
    said = record(rights, rights.decide(asked), "0001-0123456789abcdef")
    assert json.loads(json.dumps(said)) == said
    assert (said["release"], said["engine"], said["policy_hash"]) == ("0001-0123456789abcdef", ENGINE, rights.policy_hash)
    declared = rights.network.declared["ash"]
    assert said["agreements"] == {"ash/of_ash": declared.agreements[0].digest, "ash/no": declared.refusals[0].digest}
    of = {(one["recipient"], one["table"], *one["columns"]): (one["is_allowed"], one["policies"]) for one in said["decisions"]}
    assert of == {
        ("cedar", "batch", "batch_id"): (True, ["ash/of_ash/row"]),
        ("cedar", "batch", "lot_id", "recipe"): (False, ["no_shared_view_holds_it"]),
        ("cedar", "outcome", "grade"): (False, ["ash/no"]),
        ("ash", "batch", "batch_id"): (True, ["ash/of_ash/row", "own_rows"]),
    }
    first = said["decisions"][0]
    assert (first["contributor"], first["form"], first["as_of"], first["consent"]) == ("ash", "row", "2026-01-03", "research")
    assert first["use"] == {"purpose": "DUO:0000006", "accepts": []}


def _filled(folder: Path) -> Log:
    log = Log(folder)
    for n in range(3):
        log.append({"release": str(n)})
    return log


def test_records_are_read_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    assert Log(tmp_path / "none").head == FIRST
    log = _filled(tmp_path)
    assert [one["release"] for one in log.read(log.head)] == ["0", "1", "2"]


@pytest.mark.parametrize("what", ["changed", "taken out", "put in", "moved", "not JSON"])
def test_a_log_that_was_changed_is_named_and_not_added_to(tmp_path: Path, what: str) -> None:
    log = _filled(tmp_path)
    second = tmp_path / "00000002.json"
    if what == "changed":
        second.write_text(second.read_text().replace('"1"', '"7"'))
    elif what == "taken out":
        second.unlink()
    elif what == "put in":
        (tmp_path / "00000004.json").write_text(second.read_text())
    elif what == "moved":
        second.rename(tmp_path / "00000009.json")
    else:
        second.write_bytes(b"\xff")
    for use in (log.read, lambda: log.append({})):
        with pytest.raises(TamperedLog, match="not what was written"):
            use()


def test_records_taken_off_the_end_show_by_the_hash_that_somebody_wrote_down(tmp_path: Path) -> None:
    log = _filled(tmp_path)
    head = log.head
    (tmp_path / "00000003.json").unlink()
    assert len(log.read()) == 2
    with pytest.raises(TamperedLog, match="does not end where it did"):
        log.read(head)
