"""The simulated world: every kind of journey occurs, what happens is possible, and numbers are valid and given once."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

import pytest
from stdnum import ean
from stdnum.iso7064 import mod_37_2

from cgt_etl.contracts.registry import Registry
from cgt_etl.settings import PACKAGE, Settings
from cgt_etl.simulator.exports import wearable
from cgt_etl.simulator.model import Journey, Shipment
from cgt_etl.simulator.parties import Network
from cgt_etl.simulator.world.journeys import journey, journeys, network

SMALL, WIDE = network("network", 7), network("wide", 7)
WORLDS = pytest.mark.parametrize("world", [SMALL, WIDE], ids=["network", "wide"])


@pytest.fixture(scope="module", params=["network", "wide"])
def many(request: pytest.FixtureRequest) -> tuple[Network, list[Journey]]:
    world = SMALL if request.param == "network" else WIDE
    return world, list(journeys(world, 400, 7))


def test_a_journey_depends_on_seed_number_and_count_alone() -> None:
    all_at_once = list(journeys(SMALL, 60, 7))
    assert [journey(SMALL, 60, 7, number) for number in (60, 3, 41)] == [all_at_once[59], all_at_once[2], all_at_once[40]]
    assert list(journeys(network("network", 7), 60, 7)) == all_at_once
    assert list(journeys(SMALL, 60, 8)) != all_at_once


def test_a_million_journeys_begin_at_once_and_a_world_too_large_says_so() -> None:
    assert len(list(islice(journeys(SMALL, 1_000_000, 7), 20))) == 20
    with pytest.raises(ValueError, match="fewer journeys"):
        journey(SMALL, 1_000_000, 7, 999_999)


@pytest.mark.parametrize("seed", [1, 7, 23])
@pytest.mark.parametrize("kind", ["network", "wide"])
def test_thirty_journeys_show_every_kind(kind: str, seed: int) -> None:
    world = network("wide" if kind == "wide" else "network", seed)
    shown = list(journeys(world, 30, seed))
    assert {one.modality for one in shown} == {"auto_cart", "hsct", "related_hsct", "cord_hsct", "ghsc", "allo_nk", "combined"}
    assert {one.relation for one in shown} == {"", "unrelated", "sibling", "haploidentical", "cord"}
    assert {len(one.cord_units) for one in shown if one.modality == "cord_hsct"} == {1, 2}
    assert {len(one.administrations) for one in shown if one.backup} == {1, 2}, "the backup is used and kept"
    assert {bool(given.stopped) for one in shown for given in one.administrations} == {True, False}
    assert any(given.withheld for one in shown for given in one.administrations)
    infused = [[given.batch for given in one.administrations if given.arm == "T"] for one in shown]
    assert any(len(batches) > len(set(batches)) for batches in infused), "a second dose of the same batch"
    assert any(len(set(batches)) > 1 for batches in infused), "treated again with a new batch"
    assert {one.sequence for one in shown} == {"", "t_then_nk", "nk_then_t", "together"}
    assert {one.dropped_out for one in shown} >= {"", "before_collection", "after_collection", "manufacturing_failed", "unfit"}
    assert {batch.disposition for one in shown for batch in one.batches} >= {"released", "out_of_specification", "rejected", "terminated"}
    assert any(batch.replaces for one in shown for batch in one.batches)
    assert {bag.edge for one in shown for bag in one.bags} == {"", "pool", "split", "sample", "transform"}
    assert {one.features.why_frozen for one in shown} >= {"", "sponsor"}
    assert max(len({run.started.date() for run in one.collections}) for one in shown if one.modality == "auto_cart") == 4
    assert any(shipment.excursion_min for one in shown for shipment in one.shipments)
    assert {handoff.fault for one in shown for handoff in one.handoffs} >= {"identity_swap", "seal_broken", "temperature"}
    pathways = [
        bool(given.pathway)
        for one in shown
        for given in one.administrations
        for batch in one.batches
        if batch.number == given.batch and batch.disposition == "out_of_specification"
    ]
    assert set(pathways) == {True, False}
    donors = [one.donor.number for one in shown if one.modality == "hsct"]
    assert len(set(donors)) < len(donors)


def _instants(*moments: datetime | None) -> list[datetime]:
    return [moment.astimezone(UTC) for moment in moments if moment]


def test_what_happens_is_in_order(many: tuple[Network, list[Journey]]) -> None:
    _, all_journeys = many
    batches = {batch.number: batch for one in all_journeys for batch in one.batches}
    for one in all_journeys:
        for run in one.collections:
            assert run.started < run.completed
        for batch in one.batches:
            chain = _instants(
                batch.received, batch.accepted, batch.started, batch.harvested, batch.filled, batch.terminated, batch.disposed
            )
            assert chain == sorted(chain)
            assert all(bag.created.astimezone(UTC) <= chain[0] for bag in batch.inputs)
            points = [point.at for point in batch.points]
            assert points == sorted(points)
            if batch.interim and batch.certificate:
                assert batch.interim.issued < batch.certificate.issued
        for shipment in one.shipments:
            chain = _instants(shipment.packed, shipment.picked_up, shipment.delivered, shipment.lid_opened)
            assert chain == sorted(chain)
        for handoff in one.handoffs:
            assert not handoff.received or handoff.sent.astimezone(UTC) <= handoff.received.astimezone(UTC)
        assert [given.number for given in one.administrations] == list(range(1, len(one.administrations) + 1))
        for given in one.administrations:
            chain = _instants(given.received_at_site, given.started, given.completed)
            assert chain == sorted(chain)
            disposed = batches[given.batch].disposed if given.batch else None
            assert not disposed or disposed.astimezone(UTC) < chain[0]
            assert not given.pathway_approved or given.pathway_approved.astimezone(UTC) < chain[1]
            assert not one.outcome.died or one.outcome.died > given.started.date()
        for earlier, later in pairwise(one.administrations):
            assert earlier.completed.astimezone(UTC) <= later.started.astimezone(UTC)
        assert bool(one.dropped_out) != bool(one.administrations)


def test_local_times_exist(many: tuple[Network, list[Journey]]) -> None:
    """A clock put forward skips an hour; a time in it would not come back from UTC as it went."""
    for one in many[1]:
        moments = [handoff.sent for handoff in one.handoffs] + [given.started for given in one.administrations]
        moments += [moment for shipment in one.shipments for moment in (shipment.packed, shipment.picked_up, shipment.delivered)]
        assert all(moment.tzinfo for moment in moments)
        assert all(moment.astimezone(UTC).astimezone(moment.tzinfo) == moment for moment in moments)


def test_cells_and_volumes_balance(many: tuple[Network, list[Journey]]) -> None:
    for one in many[1]:
        bags = {bag.key: bag for bag in one.bags}
        assert len(bags) == len(one.bags)
        children = defaultdict(list)
        for bag in one.bags:
            for parent in bag.made_from:
                assert parent in bags
                children[bag.edge, parent].append(bag)
        for (edge, parent), parts in children.items():
            if edge == "split":
                assert sum(part.volume_ml for part in parts) <= bags[parent].volume_ml * 1.02
                assert 0.7 <= sum(part.cd3_e6 for part in parts) / bags[parent].cd3_e6 <= 1.1
            if edge == "transform":
                assert {part.product_code[:5] for part in parts}.isdisjoint({bags[parent].product_code[:5]})
                assert {part.din for part in parts} == {bags[parent].din}
        for run in one.collections:
            assert run.cd3_yield <= run.product_wbc_e6_per_ml * run.product_ml * 1e6
            assert run.cd3_yield == pytest.approx(run.pre_cd3 * 1000 * run.blood_ml * run.ce2 / 100)
            assert (run.cd34_yield > 0) == (run.pre_cd34 > 0) == (run.procedure == "HPC")
        if one.modality == "auto_cart" and one.batches:
            assert one.collections[0].pre_cd3 / 1000 <= one.features.lymphocytes


def test_no_collection_gives_more_t_cells_than_are_plausible() -> None:
    """The seed is one in which count and efficiency of a donor are both far out."""
    with (PACKAGE / "vocabularies" / "measurements.csv").open(encoding="utf-8", newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["measurement"] == "product_cd3_total"]
    yields = [run.cd3_yield / 1e9 for one in journeys(network("network", 21), 200, 21) for run in one.collections]
    assert 45 < max(yields) < float(row["plausible_high"])


def test_inputs_lots_and_graft_bags_are_what_was_made(many: tuple[Network, list[Journey]]) -> None:
    _, all_journeys = many
    lots = {unit.lot for one in all_journeys for batch in one.batches for unit in batch.dose_units}
    for one in all_journeys:
        keys = {bag.key for bag in one.bags}
        assert all(bag.key in keys for batch in one.batches for bag in batch.inputs)
        for given in one.administrations:
            assert set(given.lots) <= (keys if given.arm == "graft" else lots)
        for shipment in one.shipments:
            assert set(shipment.contents) <= keys | lots
        attempts = [batch.inputs for batch in one.batches if batch.coi]
        assert len({bag.key for inputs in attempts for bag in inputs}) == sum(map(len, attempts))


def test_one_off_the_shelf_lot_serves_several_patients(many: tuple[Network, list[Journey]]) -> None:
    served = defaultdict(set)
    made = {batch.number for one in many[1] for batch in one.batches if not batch.coi}
    for one in many[1]:
        for given in one.administrations:
            if given.arm == "NK":
                served[given.batch].add(one.patient.number)
    assert set(served) <= made
    assert max(map(len, served.values())) >= 4


def _dins(all_journeys: Iterable[Journey]) -> Iterator[str]:
    for one in all_journeys:
        yield from {bag.din for bag in one.bags}


def test_numbers_have_their_check_digits_and_are_given_once(many: tuple[Network, list[Journey]]) -> None:
    world, all_journeys = many
    shipments = [shipment for one in all_journeys for shipment in one.shipments]
    assert all(ean.calc_check_digit(shipment.sscc[:-1]) == shipment.sscc[-1] and len(shipment.sscc) == 18 for shipment in shipments)
    assert all(int(shipment.awb[4:11]) % 7 == int(shipment.awb[11]) and len(shipment.awb) == 12 for shipment in shipments)
    grids = [one.donor.grid for one in all_journeys if one.modality == "hsct"]
    for grid in grids:
        assert len(grid) == 19
        assert mod_37_2.calc_check_digit(grid[:17]) == mod_37_2.calc_check_digit(grid[:17])
        assert "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*".index(mod_37_2.calc_check_digit(grid[:17])) == int(grid[17:])
    glns = [site.gln for party in world.parties for site in party.sites if site.gln]
    assert all(ean.is_valid(gln) for gln in glns)
    once = {
        "sscc": [shipment.sscc for shipment in shipments],
        "awb": [shipment.awb for shipment in shipments],
        "batch": [batch.number for one in all_journeys for batch in one.batches],
        "din": list(_dins(all_journeys)),
        "mrn": [(one.hospital.partner, one.patient.mrn) for one in all_journeys],
        "crid": [one.patient.crid for one in all_journeys],
        "coi": [one.coi for one in all_journeys if one.coi],
        "order": [one.order_id for one in all_journeys if one.order_id],
        "gln": glns,
    }
    assert {name for name, values in once.items() if len(set(values)) < len(values)} == set()
    assert all(len(one.patient.mrn) == one.hospital.mrn_digits and one.patient.mrn.startswith("0") for one in all_journeys)
    people = {}
    for one in all_journeys:
        for person in (one.patient, one.donor, *(run.donor for run in one.collections)):
            assert people.setdefault(person.number, person) == person


def test_loggers_go_to_other_journeys_and_never_travel_twice_at_once(many: tuple[Network, list[Journey]]) -> None:
    trips = defaultdict(list)
    owners = defaultdict(set)
    for one in many[1]:
        for shipment in one.shipments:
            trips[shipment.logger].append(shipment)
            owners[shipment.logger].add(one.number)
    assert sum(len(numbers) > 1 for numbers in owners.values()) > len(owners) / 10

    def window(shipment: Shipment) -> tuple[datetime, datetime]:
        return shipment.packed.astimezone(UTC), shipment.delivered.astimezone(UTC) + timedelta(minutes=15)

    for shipments in trips.values():
        for first, second in pairwise(sorted(map(window, shipments))):
            assert first[1] <= second[0]


def test_the_wide_world_has_eight_legal_entities_in_each_role_and_zones_of_two_continents() -> None:
    for seed in range(1, 6):
        world = network("wide", seed)
        roles = (world.blood_centres, world.hospitals, world.manufacturers, world.laboratories, world.couriers, world.registries)
        entities = [party.legal_entity for party in world.parties]
        assert len(set(entities)) == len(entities)
        assert len({party.partner for party in world.parties}) == len(entities)
        assert all(len(parties) >= 8 for parties in roles)
        zones = {party.zone.key.split("/")[0] for party in world.parties}
        assert zones == {"America", "Europe"}
        assert [centre.zone for centre in world.blood_centres] == [hospital.zone for hospital in world.hospitals]
        assert len({product.name for product in world.products}) >= 4


UNPLAYED = {"apheresis_device", "flow_cytometry", "freezer_log"}
"""Dialects that partners speak beside what the simulator writes for them."""


def test_the_network_is_what_the_partner_files_say() -> None:
    declared = Registry.load(Settings(home=Path("/nowhere"), partner_paths=(PACKAGE / "partners",))).partners
    assert set(declared) == {party.partner for party in SMALL.parties} | {wearable.PROGRAMME}
    for party in SMALL.parties:
        file = declared[party.partner]
        assert (file.name, file.legal_entity) == (party.name, party.legal_entity)
        assert party.role in file.roles
        assert {spoken.dialect for spoken in file.speaks} - set(party.dialects) <= UNPLAYED
        assert set(party.dialects) <= {spoken.dialect for spoken in file.speaks}
        assert [(site.site, site.name, site.zone, site.country, site.fin or "", site.gln or "") for site in file.sites] == [
            (site.site, site.name, site.zone.key, party.country, site.facility, site.gln) for site in party.sites
        ]
        mrn = [issue.canonical for issue in file.issues if issue.kind == "mrn"]
        assert [form.zero_pad for form in mrn] == [party.mrn_digits] * (party.role == "hospital")
    centres = {hospital.collects_at for hospital in SMALL.hospitals}
    assert centres == {centre.partner for centre in SMALL.blood_centres}
    for centre in SMALL.blood_centres:
        issuers = {spoken.issuers["mrn"] for spoken in declared[centre.partner].speaks if spoken.dialect not in UNPLAYED}
        assert issuers == {SMALL.patients_of(centre)[0].partner}


def test_the_network_has_networks_of_sites_and_a_contract_site_in_the_middle() -> None:
    assert all(len(centre.sites) > 1 and len({site.zone for site in centre.sites}) == 1 for centre in SMALL.blood_centres)
    facilities = [site.facility for party in SMALL.parties for site in party.sites if site.facility]
    assert len(set(facilities)) == len(facilities)
    assert all(facility in {f"A{number}" for number in range(9990, 10_000)} for facility in facilities)
    assert (len(SMALL.hospitals), len(SMALL.manufacturers)) == (4, 3)
    assert {product.name for product in SMALL.products if product.manufacturer != product.sponsor} == {"Unacel"}


def test_collections_take_place_at_all_sites_and_a_shipment_leaves_from_the_site(many: tuple[Network, list[Journey]]) -> None:
    world, all_journeys = many
    runs = [run for one in all_journeys for run in one.collections]
    assert {(run.blood_centre.partner, run.site) for run in runs} == {
        (centre.partner, site) for centre in world.blood_centres for site in centre.sites
    }
    assert all(run.din.startswith(run.site.facility) for run in runs)
    for one in all_journeys:
        glns = {thing.site.gln for thing in (*one.collections, *one.cord_units)}
        assert all(shipment.origin_gln in glns for shipment in one.shipments if not shipment.is_drug_product)


def test_a_related_donor_is_somebody_else_with_a_chart_and_no_registry_donor(many: tuple[Network, list[Journey]]) -> None:
    related = [one for one in many[1] if one.modality == "related_hsct"]
    patients = {one.patient.number for one in many[1]}
    charts = {(one.hospital.partner, one.patient.mrn) for one in many[1]}
    assert {one.relation for one in related} == {"sibling", "haploidentical"}
    for one in related:
        assert one.donor.number not in patients
        assert (one.hospital.partner, one.donor.mrn) not in charts
        assert one.donor.fhir_id != one.patient.fhir_id
        assert not (one.donor.crid or one.donor.grid)
        assert {run.donor for run in one.collections} <= {one.donor}
        assert not any(run.is_autologous for run in one.collections)
    for one in many[1]:
        is_own = one.modality in ("auto_cart", "ghsc", "combined")
        assert (one.donor == one.patient) == is_own
        assert bool(one.relation) == one.modality.endswith("hsct")


def test_cord_blood_was_banked_before_anybody_needed_it_and_is_given_whole_units(many: tuple[Network, list[Journey]]) -> None:
    world, all_journeys = many
    banks = {party.partner for party in world.cord_banks or world.blood_centres}
    units = [unit.din for one in all_journeys for unit in one.cord_units]
    assert len(set(units)) == len(units)
    for one in all_journeys:
        for unit in one.cord_units:
            assert unit.collected < unit.frozen
            assert unit.frozen.date() < one.referred
            assert unit.cord_bank.partner in banks
            assert unit.din.startswith(unit.site.facility)
            assert not (unit.donor.mrn or unit.donor.grid or unit.donor.crid)
        if one.modality == "cord_hsct":
            assert not one.collections
            assert all({key.split(":")[0] for key in given.lots} == {unit.din for unit in one.cord_units} for given in one.administrations)


def test_edited_cells_come_of_cycles_weeks_apart_and_the_backup_stays_frozen_unless_it_is_used(many: tuple[Network, list[Journey]]) -> None:
    edited = [one for one in many[1] if one.modality == "ghsc"]
    assert edited
    used = 0
    for one in edited:
        days = sorted(run.started.date() for run in one.collections)
        gaps = [(later - earlier).days for earlier, later in pairwise(days)]
        assert all(gap == 1 or gap >= 14 for gap in gaps)
        assert all(run.procedure == "HPC" for run in one.collections)
        consumed = {bag.key for batch in one.batches for bag in batch.inputs}
        assert one.backup
        assert consumed.isdisjoint(one.backup)
        assert all(bag.state == "cryopreserved" for bag in one.bags if bag.key in one.backup)
        grafts = [given for given in one.administrations if given.arm == "graft"]
        shipped = {key for shipment in one.shipments for key in shipment.contents}
        assert len(grafts) <= 1
        if grafts:
            used += 1
            assert set(grafts[0].lots) == set(one.backup) <= shipped
            assert grafts[0].number == 2
        else:
            assert shipped.isdisjoint(one.backup)
        for batch in one.batches:
            assert max(run.completed for run in one.collections) < batch.started
        for given in one.administrations[:1]:
            assert given.conditioning_started == given.started.date() - timedelta(days=7)
    assert used < len(edited) / 2


def test_no_more_is_infused_than_there_is(many: tuple[Network, list[Journey]]) -> None:
    made = {unit.lot: unit.car_pos_e6 for one in many[1] for batch in one.batches for unit in batch.dose_units}
    for one in many[1]:
        e6: dict[str, float] = defaultdict(float)
        grafted: list[str] = []
        for given in one.administrations:
            assert bool(given.stopped) <= (given.fraction_given < 1)
            assert (given.fraction_given < 1) == bool(given.stopped or given.withheld)
            if given.arm in ("T", "CD34"):
                e6[given.batch] += given.dose_e6
                assert set(given.withheld).isdisjoint(given.lots)
            if given.arm == "graft":
                grafted += given.lots
        for batch in one.batches:
            assert e6[batch.number] <= sum(made[unit.lot] for unit in batch.dose_units) + 0.2
        assert len(set(grafted)) == len(grafted)


def test_a_second_dose_is_of_the_same_batch_and_who_is_treated_again_relapsed_and_was_collected_from_again(
    many: tuple[Network, list[Journey]],
) -> None:
    seen = set()
    for one in many[1]:
        given = [given for given in one.administrations if given.arm == "T"]
        if len(given) > 1 and given[0].batch == given[1].batch:
            seen.add("second dose")
            assert given[0].lots == given[1].lots
            assert 14 <= (given[1].started.date() - given[0].started.date()).days <= 60
            assert given[1].conditioning_started is None
        elif len(given) > 1:
            seen.add("treated again")
            first, second = one.batches
            assert not second.replaces
            assert first.coi == second.coi == one.coi
            assert one.outcome.relapsed is not None
            assert given[0].started.date() < one.outcome.relapsed < one.collections[-1].started.date() < given[1].started.date()
    assert seen == {"second dose", "treated again"}
