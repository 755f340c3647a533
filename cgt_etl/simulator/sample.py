"""Writes a whole run: nights of partner files below `inbox/`, and below `truth/` what a pipeline should make of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from cgt_etl.simulator import blood_centre, hospital, registry
from cgt_etl.simulator.calendar import Calendar
from cgt_etl.simulator.world import MANUFACTURER, Journey
from cgt_etl.simulator.world import journeys as all_journeys

Record = dict[str, object]


def simulate(out: Path, journeys: int = 12, nights: int = 3, seed: int = 7, defects: bool = True) -> None:
    """Write `<out>/inbox/<0001..>/<partner>/<feed>/<file>` and `<out>/truth/*.jsonl`; the same arguments give the same bytes.

    Args:
        out: folder to write into.
        journeys: intents to treat, one patient each.
        nights: deliveries of the world's 240 days, evenly spaced.
        seed: of all randomness.
        defects: put in the defects that partners' exports have; each is listed in `truth/defects.jsonl`.

    Raises:
        FileExistsError: `<out>/inbox` or `<out>/truth` is already there.
        ValueError: fewer than one journey or night.
    """
    if journeys < 1 or nights < 1:
        raise ValueError("a run has at least one journey and one night")
    (out / "truth").mkdir(parents=True)
    (out / "inbox").mkdir()
    calendar = Calendar(nights)
    world = all_journeys(journeys, seed)
    files = [
        *blood_centre.deliveries(world, calendar, defects=defects),
        *hospital.deliveries(world, calendar, seed, defects=defects),
        *registry.deliveries(world, calendar, defects=defects),
    ]
    found = [record for file in files for record in file.write(out / "inbox")]
    _write(out / "truth" / "people.jsonl", map(_person, world))
    _write(out / "truth" / "identifiers.jsonl", (record for journey in world for record in _identifiers(journey)))
    _write(out / "truth" / "links.jsonl", (record for journey in world for record in _links(journey)))
    _write(out / "truth" / "journeys.jsonl", map(_journey, world))
    _write(out / "truth" / "defects.jsonl", found)


def _write(path: Path, records: Iterable[Record]) -> None:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8", newline="\n")


def _person(journey: Journey) -> Record:
    person = journey.person
    return {"person": person.number, "sex": person.sex, "born": person.born.isoformat(), "died": journey.died and journey.died.isoformat()}


def _identifiers(journey: Journey) -> Iterator[Record]:
    """Every identifier in its canonical form: whose, what kind, who issued it (empty where it is unique everywhere)."""
    person, centre = journey.person, journey.centre
    for kind, issuer, value, role in (
        ("mrn", centre.hospital, person.mrn, "recipient"),
        ("fhir_patient_id", centre.hospital, person.fhir_id, "recipient"),
        ("donor_id", centre.blood_centre, person.donor_number, "donor"),
        ("crid", "", person.crid, "recipient"),
        ("coi", "", journey.coi, "recipient"),
    ):
        yield {"person": person.number, "kind": kind, "issuer": issuer, "value": value, "role": role}


def _links(journey: Journey) -> Iterator[Record]:
    """Things that belong to a journey: what a genealogy must connect."""
    yield {"journey": journey.number, "kind": "order_id", "issuer": MANUFACTURER, "value": journey.order_id}
    yield {"journey": journey.number, "kind": "batch", "issuer": MANUFACTURER, "value": journey.batch}
    for lot in journey.lots:
        yield {"journey": journey.number, "kind": "lot", "issuer": MANUFACTURER, "value": lot}
    for run in journey.collections:
        yield {"journey": journey.number, "kind": "din", "issuer": "", "value": run.din}


def _journey(journey: Journey) -> Record:
    return {
        "journey": journey.number,
        "person": journey.person.number,
        "blood_centre": journey.centre.blood_centre,
        "hospital": journey.centre.hospital,
        "product": journey.product.name,
        "referred": journey.referred.isoformat(),
        "collections": [
            {"din": run.din, "started": run.started.isoformat(), "completed": run.completed.isoformat(), "cd3": run.cd3_yield}
            for run in journey.collections
        ],
        "infused": journey.infused and journey.infused.isoformat(),
        "dose_e6": journey.dose,
        "crs_grade": journey.crs_grade,
        "response": journey.response,
    }
