"""The courier's export: what a shipment's events name, and what becomes of a scan that did not happen."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import epcis
from cgt_etl.simulator.facts import Fact
from cgt_etl.simulator.model import Shipment
from cgt_etl.simulator.world.journeys import journeys, network

SEED = 7


def _said() -> list[tuple[Shipment, list[Fact]]]:
    parties = network("network", SEED)
    said = []
    for journey in journeys(parties, 12, SEED):
        facts = list(epcis.facts(journey, parties, Draws.seeded(SEED, journey.number)))
        said += [(shipment, [fact for fact in facts if fact.key[0] == shipment.sscc]) for shipment in journey.shipments]
    return said


def test_each_shipment_is_packed_dispatched_and_received_once_when_it_was() -> None:
    for shipment, facts in _said():
        steps = Counter(fact.events[0].event_type for fact in facts if fact.record["bizStep"] != "transporting")
        assert steps == {"shipment_packed": 1, "shipment_dispatched": 1, "shipment_received": 1}
        packed, received = facts[0], facts[-1]
        assert packed.events[0].local == shipment.packed.replace(tzinfo=None).isoformat(timespec="seconds")
        assert received.known == shipment.delivered.date()


def test_a_bag_is_named_by_its_donation_and_a_drug_product_by_its_lot() -> None:
    for shipment, (packed, *_) in _said():
        if shipment.is_drug_product:
            lots = [one["epcClass"].split(".", 2)[2] for one in packed.record["childQuantityList"]]
            assert (lots, "childEPCs" in packed.record) == (list(shipment.contents), False)
        else:
            donations = [text.split(":")[2] for text in packed.record["childEPCs"]]
            assert donations == [key.split(":")[0] for key in shipment.contents]


def test_a_mistaken_scan_is_taken_back_with_a_reason_or_without() -> None:
    declared = [fact for _, facts in _said() for fact in facts if fact.is_retraction]
    assert {"reason" in fact.record["errorDeclaration"] for fact in declared} == {True, False}
    for _, facts in _said():
        for fact in facts:
            if fact.is_retraction:
                (first,) = [one for one in facts if one.key == fact.key and not one.is_retraction]
                assert (first.change, fact.change, first.record) == (
                    0,
                    1,
                    {name: value for name, value in fact.record.items() if name != "errorDeclaration"},
                )


def _faulty(fault: str) -> tuple[Shipment, list[Fact]]:
    """A shipment of several donations whose delivery has the fault, and what its courier writes."""
    parties = network("network", SEED)
    for journey in journeys(parties, 12, SEED):
        for shipment in journey.shipments:
            if not shipment.is_drug_product and len({key.split(":")[0] for key in shipment.contents}) > 1:
                handoffs = tuple(
                    replace(one, fault=fault if one.sender == shipment.courier and one.objects == shipment.contents else "")
                    for one in journey.handoffs
                )
                facts = epcis.facts(replace(journey, handoffs=handoffs), parties, Draws.seeded(SEED, journey.number))
                return shipment, [fact for fact in facts if fact.key == (shipment.sscc, fact.record["bizStep"])]
    raise AssertionError("no shipment of several donations")


def test_a_scanner_that_runs_slow_writes_the_receipt_before_the_dispatch() -> None:
    shipment, facts = _faulty("clock_skew")
    times = {fact.record["bizStep"]: fact.record["eventTime"] for fact in facts}
    assert times["receiving"] < times["shipping"]
    assert facts[-1].events[0].utc == times["receiving"].rstrip("Z"), "the truth holds what was written"
    assert shipment.delivered > shipment.picked_up


def test_a_packing_that_does_not_match_leaves_out_one_donation() -> None:
    shipment, (packed, *_) = _faulty("count_mismatch")
    named = {text.split(":")[2] for text in packed.record["childEPCs"]}
    sent = {key.split(":")[0] for key in shipment.contents}
    assert (named < sent, len(sent - named)) == (True, 1)
    assert {value for kind, _, value in packed.objects if kind == "din"} == named
