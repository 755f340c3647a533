"""The sealed truth: what happened, told record by record while journeys go by. Never read by the pipeline; formats in docs/simulator.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from cgt_etl.simulator.genealogy import edges
from cgt_etl.simulator.model import Journey, Person
from cgt_etl.simulator.parties import Party, Product, Site

Row = Mapping[str, object]


class Truth:
    """Files of JSON lines below one folder, open until closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, TextIO] = {}
        folder.mkdir(parents=True)

    def say(self, name: str, row: Row) -> None:
        """Append one line to `<name>.jsonl`."""
        handle = self._open.get(name)
        if handle is None:
            handle = (self._folder / f"{name}.jsonl").open("w", encoding="utf-8", newline="\n")
            self._open[name] = handle
        handle.write(json.dumps(row, ensure_ascii=False) + "\n")

    def whole(self, name: str, value: object) -> None:
        """Write `<name>.json`."""
        (self._folder / f"{name}.json").write_text(json.dumps(_plain(value), indent=1) + "\n", encoding="utf-8", newline="\n")

    def journey(self, journey: Journey) -> None:
        """Everything that the world knows of one journey, each thing in the file of its kind."""
        persons = (journey.patient, journey.donor, *(unit.donor for unit in journey.cord_units))
        for person in {one.number: one for one in persons}.values():
            self._person(person, journey)
        of: dict[str, object] = {"journey": journey.number}
        lists = {
            "collections": journey.collections,
            "cord_units": journey.cord_units,
            "bags": journey.bags,
            "batches": journey.batches,
            "shipments": journey.shipments,
            "handoffs": journey.handoffs,
            "administrations": journey.administrations,
        }
        for name, things in lists.items():
            for thing in things:
                self.say(name, {**of, **_plain(thing)})
        for edge in edges(journey):
            self.say("edges", {**of, **edge})
        self.say("outcomes", {**of, **_plain(journey.outcome)})
        told = {*lists, "outcome"}
        rest = {one.name: _plain(getattr(journey, one.name)) for one in fields(journey) if one.name not in told}
        self.say("journeys", {**of, **rest})

    def product(self, product: Product) -> None:
        """How a product is to be handled."""
        row = {
            "name": product.name,
            "specification_version": product.specification_version,
            "thaw_window_min": product.thaw_window_min,
            "storage_lower_c": product.storage_lowest_c,
            "storage_upper_c": product.storage_limit_c,
        }
        self.say("products", row)

    def close(self) -> None:
        for handle in self._open.values():
            handle.close()

    def _person(self, person: Person, journey: Journey) -> None:
        row = {"person": person.number, "sex": person.sex, "born": person.born.isoformat(), "journey": journey.number}
        self.say("people", row)
        banks = [unit.cord_bank.partner for unit in journey.cord_units if unit.donor == person]
        for kind, issuer, value in (
            ("mrn", journey.hospital.partner, person.mrn),
            ("fhir_patient_id", journey.hospital.partner, person.fhir_id),
            ("donor_id", next(iter(banks), journey.blood_centre.partner), person.donor_number),
            ("crid", "", person.crid),
            ("grid", "", person.grid),
            *(
                (("mrn", there.partner, chart.mrn), ("fhir_patient_id", there.partner, chart.fhir_id))
                if (there := journey.referred_by) and (chart := journey.chart_there) and chart.number == person.number
                else ()
            ),
        ):
            if value:
                self.say("identifiers", {"person": person.number, "kind": kind, "issuer": issuer, "value": value})


def _plain(value: object) -> Any:  # noqa: PLR0911  one answer per kind
    """JSON of a record of the world; parties, sites and products by name, persons by number."""
    if isinstance(value, Party):
        return value.partner
    if isinstance(value, Site):
        return value.site
    if isinstance(value, Product):
        return value.name
    if isinstance(value, Person):
        return value.number
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, ZoneInfo):
        return value.key
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value
