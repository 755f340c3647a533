"""Erasing at a hub that holds no key of identifiers: the partner erases and tokenises again, the hub's past follows."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from cgt_etl.door.tokens import release_token, token
from cgt_etl.errors import CgtError
from cgt_etl.identity import decisions
from cgt_etl.landing import deliveries, suppression
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.reland import reland_all
from cgt_etl.operations import doctor, erasure
from cgt_etl.release import night_record, read
from cgt_etl.settings import Settings
from tests.landing import bench as benches
from tests.landing.bench import GOOD, HEADER, LATER, NOW
from tests.landing.tokens import KEYS, Network, texts
from tests.operations.test_erasure import BECAUSE, night, rows

OTHERS = HEADER + "7,00000027,12.5,fine\n8,00000028,13,\n"
NAMED = HEADER + "9,00000017,broken,CANARY\n10,00000029,4,\n"


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    """Night 1 at the hub: one delivery with the person, one without, one with a cell of theirs set aside; a steward decided about two."""
    for name in ("CGT_MASTER_KEY", "CGT_LEASE"):
        monkeypatch.delenv(name, raising=False)
    made = Network(benches.make(tmp_path))
    for number, text in enumerate((GOOD, OTHERS, NAMED), start=1):
        made.tokenised(made.bench.deliver(text, f"sample_{number}.csv"), now=NOW)
    made.received()
    for numbers in (("00000017", "00000018"), ("00000027", "00000028")):
        decisions.decide(made.hub, "same", tuple(release_token(KEYS.release, _token(one)) for one in numbers), BECAUSE)
    night(made.hub, made.bench.registry, 1)
    return made


def _token(mrn: str) -> str:
    return token(KEYS.linkage, "mrn", "northbench", mrn)


def _sent_again(of: Network, *numbers: int) -> None:
    """The partner erases the person, and these files are tokenised again."""
    suppression.add(of.partner, of.bench.registry, kind="mrn", issuer="northbench", value="00000017")
    for number in numbers:
        of.tokenised(of.bench.root / f"inbox/0001/northbench/sample/sample_{number}.csv", "0002", now=LATER)
    of.received(night="0002")


def _erased(of: Network, at: Settings | None = None) -> erasure.Tombstone:
    return erasure.erase(at or of.hub, of.bench.registry, BECAUSE)


def _to_the_end(of: Network) -> list[erasure.Tombstone]:
    """Nights and calls as the command asks for them."""
    said = []
    for number in (2, 3):
        night(of.hub, of.bench.registry, number)
        said.append(_erased(of))
    return said


def test_no_token_of_the_person_is_left_and_the_past_can_be_built_without_them(network: Network) -> None:
    hub, registry = network.hub, network.bench.registry
    before = rows(hub, registry, 1)
    theirs = token(KEYS.partner("northbench-1"), "mrn", "northbench", "00000017")
    traces = [theirs, _token("00000017"), release_token(KEYS.release, _token("00000017"))]
    assert {one for one in traces for text in texts(hub.home) if one.encode() in text} == set(traces)
    _sent_again(network, 1, 2, 3)
    first, second = _to_the_end(network)
    assert [one for one in traces for text in texts(hub.home) if one.encode() in text] == []
    assert before.filter(pl.col("mrn") == theirs).height == 2
    assert rows(hub, registry, 1).equals(before.filter(pl.col("mrn") != theirs))
    assert (len(first.decisions), first.admissions, first.releases) == (1, (), ())
    assert (len(second.admissions), len(second.releases), second.not_looked_at) == (2, 2, ())
    assert [one.night for one in read.every(hub)] == [3]
    assert len(night_record.load(hub, 1).decisions) == len(decisions.load(hub)) == 1
    assert not erasure.is_pending(hub)


def test_the_tombstone_is_signed_under_a_key_of_the_hub_and_says_by_which_list(network: Network) -> None:
    _sent_again(network, 1, 2, 3)
    said = _to_the_end(network)[-1]
    keys = keys_of(network.hub)
    assert erasure.problems(network.hub, keys) == []
    assert len(erasure.problems(network.hub, keys_of(network.raw_hub))) == 2
    assert [one for one in doctor.examine(network.hub, network.bench.registry) if one.about == "tombstones"] == []
    at_the_partner = suppression.digest(suppression.load(network.partner, keys_of(network.partner)))
    assert said.partners_suppression == (f"northbench {at_the_partner}",)


def test_who_was_never_named_keeps_everything(network: Network) -> None:
    _sent_again(network, 1, 2, 3)
    _to_the_end(network)
    doors = {path.name: len(list(path.glob("*/manifest.json"))) for path in network.hub.landing.glob("*/*/*")}
    found = {one.source_name: doors[one.raw16] for one in deliveries(network.hub)}
    assert found == {"sample_1.csv": 1, "sample_2.csv": 2, "sample_3.csv": 1}


def test_what_was_not_tokenised_again_is_named_and_keeps_the_decision_until_it_is(network: Network) -> None:
    _sent_again(network, 1)
    first, second = _to_the_end(network)
    rest = [one.id for one in deliveries(network.hub) if one.source_name != "sample_1.csv"]
    assert first.not_looked_at == second.not_looked_at == tuple(rest)
    assert len(decisions.load(network.hub)) == 2, "the third file still names the person"
    _sent_again(network, 2, 3)
    night(network.hub, network.bench.registry, 4)
    assert _erased(network).not_looked_at == ()
    assert len(decisions.load(network.hub)) == 1


def test_an_edition_under_a_mended_contract_erases_nobody(network: Network) -> None:
    network.bench.declare(missing='{"broken": unknown}')
    for number in (1, 2, 3):
        network.tokenised(network.bench.root / f"inbox/0001/northbench/sample/sample_{number}.csv", "0002", now=LATER)
    assert all(one.is_new for one in network.received(night="0002"))
    with pytest.raises(CgtError, match="nobody is suppressed"):
        _erased(network)
    assert len(read.every(network.hub)) == 1


def test_a_hub_that_erases_by_a_list_of_its_own_names_what_partners_still_send(network: Network) -> None:
    """A hub with all keys takes what partners tokenised before it was told of the person, and cannot take rows out of that."""
    mixed, registry = network.raw_hub, network.bench.registry
    network.received(mixed)
    network.bench.deliver(HEADER + "11,00000017,3,\n", "sample_4.csv", night="0003")
    network.landed(mixed, night="0003")
    suppression.add(mixed, registry, kind="mrn", issuer="northbench", value="17")
    reland_all(mixed, registry, received_at=LATER)
    named = {one.id for one in deliveries(mixed) if one.source_name in ("sample_1.csv", "sample_3.csv")}
    assert set(_erased(network, mixed).not_looked_at) == named
