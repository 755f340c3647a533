"""Deliveries that their partner tokenised: the hub lands what its own door would have, and takes nothing else."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.shares import for_hub, for_partner, read
from cgt_etl.door.tokens import Keys, release_token
from cgt_etl.errors import CgtError, DeclarationError
from cgt_etl.genealogy import asked
from cgt_etl.landing import deliveries, quarantine, receipt, resolve, suppression
from cgt_etl.landing.delivery import Landed, superseded
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.reland import reland_all
from cgt_etl.operations import doctor
from cgt_etl.orchestration import status
from cgt_etl.release import record_text
from tests.landing import bench as benches
from tests.landing.bench import HEADER, LATER
from tests.landing.tokens import KEYS, Network, altered, landing, texts

ROWS = "1,17,12.5,CANARY\n,00000018,13,CANARY rejected\n3,00000019,CANARYCELL,tired\n4,00000020,1,x,one too many CANARY\n5,21,,\n"
CANARIES = (b"CANARY", b"00000017", b"00000018", b"00000019", b"00000020", b"00000021")


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    monkeypatch.delenv("CGT_MASTER_KEY", raising=False)
    monkeypatch.delenv("CGT_LEASE", raising=False)
    return Network(benches.make(tmp_path))


def only(landed: list[Landed]) -> Landed:
    (one,) = landed
    return one


def test_the_hub_lands_what_its_own_door_would_have_and_no_canary_leaves_the_partner(network: Network) -> None:
    path = network.bench.deliver(HEADER + ROWS)
    assert only(network.landed(network.raw_hub)).problem is None
    sent = network.tokenised(path)
    one = only(network.received())
    assert (one.problem, one.is_new) == (None, True)
    assert landing(network.hub) == landing(network.raw_hub)
    delivery = one.delivery
    assert delivery is not None
    assert delivery.manifest.is_tokenised
    for text in (*texts(sent), *texts(network.hub.home)):
        assert not [canary for canary in CANARIES if canary in text]
    said = [receipt.path_of(of, delivery).read_text() for of in (network.hub, network.raw_hub)]
    assert said[0] == said[1]  # the partner is told the same
    assert not network.hub.vault.exists()


def test_the_same_file_gives_the_same_bundle_at_any_time(network: Network) -> None:
    path = network.bench.deliver(HEADER + ROWS)
    made = network.tokenised(path).read_bytes()
    again = network.at("another", for_partner(KEYS, "northbench-1"))
    assert network.tokenised(path, now=LATER).read_bytes() == made
    assert network.tokenised(path, now=LATER, settings=again).read_bytes() == made


CELLS = st.sampled_from(["", "1", "2", "17", "00000018", "n/a", "12.5", "é", "x y", "-", "99999999999"])
LINES = st.lists(st.lists(CELLS, min_size=3, max_size=5).map(",".join), max_size=12)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_any_file_lands_alike_raw_and_tokenised(network: Network, lines: list[str]) -> None:
    text = "\n".join([HEADER.strip(), *lines]) + "\n"
    night = hashlib.sha256(text.encode()).hexdigest()[:8]
    path = network.bench.deliver(text, night=night)
    assert only(network.landed(network.raw_hub, night=night)).problem is None
    network.tokenised(path, night)
    assert only(network.received(night=night)).problem is None
    assert landing(network.hub) == landing(network.raw_hub)


def test_a_refused_file_is_told_of_as_if_it_had_come(network: Network) -> None:
    path = network.bench.deliver(b"NUM,MRN\n1,CANARY\n")
    network.landed(network.raw_hub)
    network.tokenised(path)
    one = only(network.received())
    assert one.delivery is not None
    assert (one.delivery.status, one.delivery.manifest.rule) == ("refused", "F02")
    assert landing(network.hub) == landing(network.raw_hub)


def table(change: Callable[[pl.DataFrame], pl.DataFrame], name: str = "accepted/sample.parquet") -> Callable[..., None]:
    def put(told: dict[str, Any], files: dict[str, bytes]) -> None:
        frame, out = change(pl.read_parquet(io.BytesIO(files[name]))), io.BytesIO()
        pyarrow.parquet.write_table(frame.to_arrow(compat_level=pl.CompatLevel.oldest()), out, store_schema=False)
        files[name] = out.getvalue()
        told["files"][name] = {"rows": frame.height, "sha256": hashlib.sha256(files[name]).hexdigest()}

    return put


def links(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[..., None]:
    return table(change, "links.parquet")


def told(**said: Any) -> Callable[..., None]:
    return lambda told, files: told.update(said)


def beside(told: dict[str, Any], files: dict[str, bytes]) -> None:
    files["raw.csv"] = b"CANARY"


def elsewhere(told: dict[str, Any], files: dict[str, bytes]) -> None:
    files["../../../CANARY"] = b"CANARY"
    told["files"]["../../../CANARY"] = {"rows": 0, "sha256": hashlib.sha256(b"CANARY").hexdigest()}


def uncounted(told: dict[str, Any], files: dict[str, bytes]) -> None:
    told["counts"]["units"]["accepted"] -= 1
    told["counts"]["units"]["set_aside"] += 1
    told["counts"]["rows"]["sample"]["in"] += 1


FORGERIES = {
    "a raw column of a dropped kind": (table(lambda of: of.with_columns(remark=pl.lit("CANARY"))), "columns of accepted/sample"),
    "an identifier in the place of its token": (table(lambda of: of.with_columns(mrn=pl.lit("00000017"))), "holds what is no token"),
    "a number in the place of its text": (table(lambda of: of.with_columns(pl.col("sample_no").cast(int))), "columns of accepted/sample"),
    "rows of another delivery": (table(lambda of: of.with_columns(source_delivery=pl.lit("a/b/c"))), "not of this delivery"),
    "rows out of order": (table(lambda of: of.reverse()), "out of order"),
    "a row without its link": (links(lambda of: of.head(1)), "links are not those of its rows"),
    "a link of another kind": (links(lambda of: of.with_columns(kind=pl.lit("din"))), "does not call an identifier"),
    "a link that joins two": (links(lambda of: of.with_columns(linkage_token=pl.lit("0" * 32))), "stands for two identifiers"),
    "an identifier in a link": (links(lambda of: of.with_columns(linkage_token=pl.lit("00000017"))), "holds what is no token"),
    "a statement that the contract has not": (links(lambda of: of.with_columns(says=pl.lit("same"))), "states of two identifiers"),
    "an unknown rule": (table(lambda of: of.with_columns(rule=pl.lit("CANARY")), "verdicts.parquet"), "a rule that nobody knows"),
    "a text in a verdict": (table(lambda of: of.with_columns(column=pl.lit("CANARY")), "verdicts.parquet"), "what its contract has not"),
    "a file that is not named": (beside, "other files than it names"),
    "a file that leads elsewhere": (elsewhere, "tables are not those of its contract"),
    "counts that do not add up": (uncounted, "do not add up"),
    "another partner's": (told(partner="southbench"), "another partner or feed"),
    "another version": (told(engine="0.0.1"), "another version"),
    "another sequence": (told(sequence="9"), "its sequence is not"),
    "other partner files": (told(forms="0" * 64), "they would not link"),
    "another network's key": (told(linkage_check="0" * 32), "nothing of it would link"),
    "a name that leads elsewhere": (told(source_name="../x.csv"), "does not say what one says"),
}


@pytest.mark.rule("F06")
@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_a_partner_could_seal_and_the_contract_does_not_allow_is_not_taken(network: Network, forgery: str) -> None:
    sent = network.tokenised(network.bench.deliver(HEADER + ROWS))
    change, why = FORGERIES[forgery]
    altered(sent, change)
    problem = only(network.received()).problem
    assert problem is not None
    assert problem.rule == "F06"
    assert why in str(problem)
    assert not any(b"CANARY" in text or b"00000017" in text for text in [str(problem).encode(), *texts(network.hub.home)])
    assert not deliveries(network.hub)


def test_a_bundle_that_was_altered_or_sealed_by_another_partner_is_not_taken(network: Network) -> None:
    path = network.bench.deliver(HEADER + ROWS)
    sent = network.tokenised(path)
    good = sent.read_bytes()
    for place in range(0, len(good), max(1, len(good) // 40)):
        sent.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        (one,) = network.received()
        # one bit of a time or of padding in the zip's own books says nothing of what is in it
        assert one.problem is not None or landing(network.hub).keys() == landing(network.partner).keys()
    sent.write_bytes(good[: len(good) // 2])
    assert "is no zip" in str(only(network.received()).problem)
    network.tokenised(path)
    other = network.at("other-hub", for_hub(Keys(bytes(32))))
    assert "its seal is not" in str(only(network.received(other)).problem)


def known(landed: list[Landed]) -> bool:
    """Nothing was done, and nothing is wrong."""
    return (only(landed).is_new, only(landed).problem) == (False, None)


def test_what_came_before_lands_once_and_a_mended_contract_at_the_partner_takes_its_place_in_any_order(network: Network) -> None:
    path = network.bench.deliver(HEADER + ROWS)
    first = network.tokenised(path).read_bytes()
    network.received()
    assert known(network.received())
    network.bench.declare(missing='{"CANARYCELL": unknown}')
    assert known(network.received())  # still what it was
    assert "never came here" in str(only(reland_all(network.hub, network.bench.registry, received_at=LATER)).problem)  # type: ignore[arg-type]
    second = network.tokenised(path, night="0002", now=LATER)
    assert second.read_bytes() != first
    assert only(network.received(night="0002")).is_new is True
    now = {one.door16 for one in deliveries(network.hub)}
    assert now == {one.door16 for one in deliveries(network.partner)}
    assert known(network.received())
    assert {one.door16 for one in deliveries(network.hub)} == now
    late = network.at("late-hub", for_hub(KEYS))
    assert only(network.received(late, night="0002")).is_new is True
    assert known(network.received(late))


def test_what_is_sent_last_counts_though_admissions_before_it_are_gone_or_count_again(network: Network) -> None:
    path = network.bench.deliver(HEADER + ROWS)
    network.tokenised(path)
    first = only(network.received()).delivery
    suppression.add(network.partner, network.bench.registry, "mrn", "northbench", "17")
    network.tokenised(path, night="0002", now=LATER)
    assert only(network.received(night="0002")).is_new is True
    for past in superseded(network.partner):  # as an erasure does
        shutil.rmtree(past)
    network.partner.vault.joinpath(suppression.NAME).unlink()
    network.tokenised(path, night="0003", now=LATER)
    assert only(network.received(night="0003")).is_new is True
    assert known(network.received(night="0002"))
    assert first is not None
    assert only(deliveries(network.hub)).door16 == first.door16


def test_a_bundle_of_an_older_contract_is_not_taken_and_says_what_to_do(network: Network) -> None:
    network.tokenised(network.bench.deliver(HEADER + ROWS))
    network.bench.declare(missing='{"CANARYCELL": unknown}')
    said = str(only(network.received()).problem)
    assert "another contract than this hub's made it" in said
    assert "cgt-etl partner tokenise" in said


def test_a_hub_without_keys_takes_no_raw_file_and_says_who_can_answer(network: Network) -> None:
    path = network.bench.deliver(HEADER + ROWS)
    assert "takes tokenised deliveries alone" in str(only(network.landed(network.hub)).problem)
    assert not network.hub.vault.exists()
    network.tokenised(path)
    one = only(network.received()).delivery
    assert one is not None
    registry = network.bench.registry
    for ask in (
        lambda: quarantine.show(network.hub, one.id, 3),
        lambda: record_text.lines(network.hub, one, 3, 3),
        lambda: resolve.by_place(network.hub, registry, one.id, 3),
        lambda: suppression.add(network.hub, registry, "mrn", "northbench", "17"),
        lambda: asked.readings(registry, keys_of(network.hub), "17", kind="mrn"),
    ):
        with pytest.raises(CgtError, match="its place"):
            ask()
    assert "CANARY" in quarantine.show(network.partner, one.id, 3)[0]
    assert doctor.examine(network.hub, registry) == []
    assert "Tokenised:  1 of them by their partners, who alone have the text" in status.lines(network.hub, registry, LATER)


def test_the_partner_resolves_tokens_and_places_and_the_hub_finds_a_partners_token_in_a_release(network: Network) -> None:
    one = only(network.landed(network.partner) if network.bench.deliver(HEADER + ROWS) else []).delivery
    assert one is not None
    registry: Registry = network.bench.registry
    made = suppression.linkage_token(registry, KEYS, "mrn", "northbench", "17")
    (found,) = resolve.by_token(network.partner, registry, made)
    assert (found.kind, found.issuer, found.text, found.position) == ("mrn", "northbench", "00000017", 2)
    partner_token = pl.read_parquet(one.folder / "links.parquet")["partner_token"][0]
    assert resolve.by_token(network.partner, registry, partner_token) == [found]
    assert resolve.by_place(network.partner, registry, one.id, 2) == [found]
    with pytest.raises(CgtError, match="no delivery of this home"):
        resolve.by_token(network.partner, registry, "0" * 32)
    (reading,), _ = asked.readings(registry, KEYS, "17", kind="mrn", partner="northbench")
    assert release_token(keys_of(network.hub).release, made) == reading.token


def test_records_of_the_suppressed_are_erased_at_the_partner_and_refused_by_a_hub_that_knows_of_them(network: Network) -> None:
    path = network.bench.deliver(HEADER + ROWS)
    registry, mixed = network.bench.registry, network.raw_hub
    network.tokenised(path)
    suppression.add(mixed, registry, "mrn", "northbench", "17")
    assert "1 of its records name persons" in str(only(network.received(mixed)).problem)
    suppression.add(network.partner, registry, "mrn", "northbench", "17")
    network.tokenised(path, now=LATER)
    one = only(network.received(mixed)).delivery
    assert one is not None
    assert one.manifest.counts["units"] == {"in": 5, "accepted": 2, "set_aside": 2, "erased": 1}
    assert landing(network.partner)[f"{one.id}/{one.door16}/links.parquet"] == landing(mixed)[f"{one.id}/{one.door16}/links.parquet"]


def test_a_hub_with_the_master_key_takes_both_and_a_tokenised_delivery_of_bytes_it_has_changes_nothing(network: Network) -> None:
    path = network.bench.deliver(HEADER + ROWS)
    other = network.bench.deliver(HEADER + "9,17,1,\n", "sample_2.csv")
    network.landed(network.raw_hub)
    mixed = network.at("mixed", network.raw_hub.key_text)
    other.unlink()
    network.landed(mixed)
    for one in (path, network.bench.deliver(HEADER + "9,17,1,\n", "sample_2.csv")):
        network.tokenised(one)
    assert sorted(one.is_new for one in network.received(mixed)) == [False, True]
    assert landing(mixed) == landing(network.raw_hub)


def test_parts_of_the_keys_are_what_they_say_and_no_more() -> None:
    hub, partner = read(for_hub(KEYS)), read(for_partner(KEYS, "northbench-1"))
    assert hub is not None
    assert partner is not None
    assert (hub.release, hub.bundle("northbench-1")) == (KEYS.release, partner.bundle("northbench-1"))
    assert (partner.linkage, partner.partner("northbench-1")) == (KEYS.linkage, KEYS.partner("northbench-1"))
    assert hub.linkage_check == partner.linkage_check == KEYS.linkage_check
    assert len({hub.vault, partner.vault, KEYS.vault}) == 3
    for ask in (
        lambda: hub.linkage,
        lambda: hub.partner("northbench-1"),
        lambda: partner.release,
        lambda: partner.hub,
        lambda: partner.partner("southbench-1"),
        lambda: partner.bundle("southbench-1"),
    ):
        with pytest.raises(CgtError):
            ask()
    for text in (for_hub(KEYS)[:-8], f"{for_partner(KEYS, 'a')} x", for_partner(KEYS, "a").replace("=", "?")):
        with pytest.raises(DeclarationError, match="cut off or altered"):
            read(text)
    assert read("AAAA") is None


def test_a_bundle_is_a_plain_zip_of_named_parquet_files(network: Network) -> None:
    with zipfile.ZipFile(network.tokenised(network.bench.deliver(HEADER + ROWS))) as packed:
        assert packed.namelist() == ["bundle.json", "seal", "accepted/sample.parquet", "links.parquet", "verdicts.parquet"]
        assert {entry.date_time[0] for entry in packed.infolist()} == {1980}
