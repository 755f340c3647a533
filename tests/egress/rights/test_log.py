"""A decision is kept with everything it was made on, and what was kept cannot be changed unseen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cgt_etl.door import shares
from cgt_etl.door.tokens import Keys
from cgt_etl.egress.rights.agreements import Network, Refusal
from cgt_etl.egress.rights.decisions import ENGINE, Rights
from cgt_etl.egress.rights.log import FILE, log, record
from cgt_etl.landing.chain import FIRST, Chain, TamperedChain
from tests.egress.rights.world import agreement, network, request

KEY = b"the hub's"


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


def _filled(folder: Path, key: bytes = KEY) -> Chain:
    made = log(folder, key)
    for n in range(3):
        made.append({"release": str(n)})
    return made


def test_records_are_read_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    assert log(tmp_path / "none", KEY).head == FIRST
    made = _filled(tmp_path)
    assert [one["release"] for one in made.read(made.head)] == ["0", "1", "2"]


@pytest.mark.parametrize("what", ["changed", "taken out", "put in", "moved", "not JSON", "written anew"])
def test_a_log_that_was_changed_is_named_and_not_added_to(tmp_path: Path, what: str) -> None:
    made, file = _filled(tmp_path), tmp_path / FILE
    one, two, three = file.read_text().splitlines()
    if what == "written anew":  # by somebody who knows how, and has another key
        file.unlink()
        _filled(tmp_path, b"another key")
    else:
        changed = {
            "changed": [one, two.replace('"1"', '"7"'), three],
            "taken out": [one, three],
            "put in": [one, two, two, three],
            "moved": [one, three, two],
            "not JSON": [one, "\ufffd", three],
        }
        file.write_text("\n".join(changed[what]) + "\n")
    for use in (made.read, lambda: made.append({})):
        with pytest.raises(TamperedChain, match="not what was written"):
            use()


def test_records_taken_off_the_end_show_by_the_mark_that_somebody_wrote_down(tmp_path: Path) -> None:
    made = _filled(tmp_path)
    head, file = made.head, tmp_path / FILE
    file.write_text("".join(f"{line}\n" for line in file.read_text().splitlines()[:2]))
    assert len(made.read()) == 2
    with pytest.raises(TamperedChain, match="does not end where it did"):
        made.read(head)


def test_every_text_that_a_line_may_hold_stays_one_line(tmp_path: Path) -> None:
    made = log(tmp_path, KEY)
    made.append({"said": "one\u2028two\x85three\nfour"})
    made.append({"said": "five"})
    assert [one["said"] for one in made.read()] == ["one\u2028two\x85three\nfour", "five"]


def test_a_hub_without_the_keys_of_identifiers_marks_its_log_too() -> None:
    keys = Keys(bytes(range(32)))
    hub = shares.read(shares.for_hub(keys))
    assert hub is not None
    assert len(hub.rights) == len(keys.rights) == 32
