"""The hospitals' nightly FHIR bulk exports: patients, consents, diagnoses, results, procedures and what was given.

Each resource is delivered in the first night after it became known, and again when it changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from cgt_etl.simulator import genealogy, numbers
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import _chart as chart
from cgt_etl.simulator.exports import _consent as consent
from cgt_etl.simulator.exports import _fhir as fhir
from cgt_etl.simulator.exports import _ward as ward
from cgt_etl.simulator.exports._ehr_defects import DEFECTS, given_after_death, thawed_too_early
from cgt_etl.simulator.exports._fhir import Resource, quantity
from cgt_etl.simulator.exports._mistaken import mistaken, swap
from cgt_etl.simulator.facts import Consented, Edge, Fact, Layout, Named, Ndjson, Stated
from cgt_etl.simulator.model import Administration, Collection, Journey
from cgt_etl.simulator.parties import Network
from cgt_etl.simulator.world.mistaken import CHART, RESULTS
from cgt_etl.simulator.world.treating import UNTREATED

__all__ = ["DEFECTS", "DIALECT", "FEEDS", "facts"]

KINDS = {
    "Patient": "patient",
    "Consent": "consent",
    "Condition": "condition",
    "Observation": "observation",
    "Procedure": "procedure",
    "MedicationAdministration": "medication_administration",
}
DIALECT = "ehr_fhir_r4"
FEEDS: Mapping[str, Layout] = {feed: Ndjson(f"{kind}.ndjson") for kind, feed in KINDS.items()}
DONOR = "Z52.091"
"""Diagnosis of a donor of stem cells."""
LYMPHODEPLETION = (("fludarabine", "24698", 10, 30.0, "mg/m2"), ("cyclophosphamide", "3002", 13, 300.0, "mg/m2"))
MYELOABLATION = (("busulfan", "1828", 9, 3.2, "mg/kg"),)
"""Drug, RxNorm code, hour, dose and unit."""
LABORATORY, VITAL = "laboratory", "vital-signs"
TESTS: dict[str, tuple[fhir.Code, str, str, str]] = {
    "wbc": (("6690-2", "Leukocytes [#/volume] in Blood by Automated count"), "K/uL", "10*3/uL", LABORATORY),
    "hgb": (("718-7", "Hemoglobin [Mass/volume] in Blood"), "g/dL", "g/dL", LABORATORY),
    "plt": (("777-3", "Platelets [#/volume] in Blood by Automated count"), "K/uL", "10*3/uL", LABORATORY),
    "anc": (("751-8", "Neutrophils [#/volume] in Blood by Automated count"), "K/uL", "10*3/uL", LABORATORY),
    "ldh": (("2532-0", "Lactate dehydrogenase [Enzymatic activity/volume] in Serum or Plasma"), "U/L", "U/L", LABORATORY),
    "ferritin": (("2276-4", None), "ng/mL", "ng/mL", LABORATORY),
    "creatinine": (("2160-0", "Creatinine [Mass/volume] in Serum or Plasma"), "mg/dL", "mg/dL", LABORATORY),
    "alc": (("731-0", "Lymphocytes [#/volume] in Blood by Automated count"), "K/uL", "10*3/uL", LABORATORY),
    "crp": (("1988-5", "C reactive protein"), "mg/L", "mg/L", LABORATORY),
    "temperature": (("8310-5", "Body temperature"), "Cel", "Cel", VITAL),
    "weight": (("29463-7", "Body weight"), "kg", "kg", VITAL),
    "height": (("8302-2", "Body height"), "cm", "cm", VITAL),
}
"""Test of the chart -> LOINC code and display, printed unit, UCUM unit, category. Of C-reactive protein one hospital prints mg/dL."""
SUBSETS: dict[str, fhir.Code] = {
    "cd3": ("8122-4", "CD3 cells [#/volume] in Blood"),
    "cd4": ("24467-3", "CD3+CD4+ (T4 helper) cells [#/volume] in Blood"),
    "cd8": ("14135-8", "CD3+CD8+ (T8 suppressor cells) cells [#/volume] in Blood"),
}
INFUSIONS = {
    "T": ("CART-INF", "Infusion of engineered T cells"),
    "NK": ("NK-INF", "Infusion of NK cells"),
    "CD34": ("GHSC-INF", "Infusion of gene-edited stem cells"),
    "graft": ("HPC-INF", "Infusion of haematopoietic progenitor cells"),
}

THAW: fhir.Code = ("DP-THAW", "Thaw of a cell product")
THAWING_MIN = 6
"""How long a thaw takes; chosen."""

PATHWAYS: dict[str, fhir.Code] = {
    "expanded_access": ("OOS-EAP", "Expanded access to a product out of specification"),
    "single_patient_protocol": ("OOS-SPP", "Single patient protocol, product out of specification"),
    "exceptional_supply": ("OOS-EXC", "Exceptional supply of a product out of specification"),
    "named_patient": ("OOS-NPS", "Named patient supply of a product out of specification"),
}


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """Every resource of the journey's patient, and of a donor who has a chart of their own at the hospital."""
    yield from _Chart(journey, draws).facts()
    if journey.referred_by and journey.chart_there:
        there = replace(journey, patient=journey.chart_there, hospital=journey.referred_by, outcome=UNTREATED, mistakes=())
        yield from _Chart(there, Draws.seeded(draws.random.getrandbits(64))).referring_facts()
    donor = journey.donor
    if donor.mrn and donor != journey.patient:
        seen = replace(journey, patient=donor, coi="", outcome=UNTREATED, indication=DONOR, mistakes=())
        yield from _Chart(seen, Draws.seeded(draws.random.getrandbits(64))).donor_facts()


class _Chart:
    """What one hospital knows of one patient."""

    def __init__(self, journey: Journey, draws: Draws) -> None:
        self.journey, self.draws, self.person = journey, draws, journey.patient
        self.zone, self.partner = journey.hospital.zone, journey.hospital.partner
        self.is_per_dl = journey.hospital.mrn_dash_after == 0
        """Which unit the laboratory prints C-reactive protein in."""
        mistake = mistaken(journey, CHART)
        self.mixed, self.numbered = swap(journey, mistake), mistake.other if mistake else self.person
        """Whose record number the chart has."""

    def facts(self) -> Iterator[Fact]:
        yield from self._identity()
        own = [run for run in self.journey.collections if run.is_autologous]
        first = own[0] if own else None
        yield from map(self._exchanged, self._observed(chart.baseline(self.journey, first, self.draws)))
        for number, run in enumerate(own, start=1):
            yield self._leukapheresis(number, run)
        for given in self.journey.administrations:
            yield from self._given(given)
        if self.journey.administrations:
            given = self.journey.administrations[0]
            yield from self._fever(given)
            yield from self._observed(chart.follow_up(self.journey, given, self.draws))
            for one in ward.seen(self.journey, given):
                name = f"{one.code.lower()}-{one.at:%Y%m%d}"
                seen = fhir.assessment(self.journey, name, (one.code, ward.CODES[one.code]), one.answer, one.at.isoformat())
                yield replace(self._fact(one.at.date(), seen), graded=(one.scale, one.grade))
        yield from self._consents()

    def referring_facts(self) -> Iterator[Fact]:
        """Who the patient is, and a morning of the week after referral."""
        yield from self._identity()
        yield from self._observed(chart.baseline(self.journey, None, self.draws))

    def donor_facts(self) -> Iterator[Fact]:
        """Who the donor is, that they are one, and the morning of the first collection; the blood centre tells the rest."""
        yield from self._identity()
        yield from self._observed(chart.baseline(self.journey, next(iter(self.journey.collections), None), self.draws))
        yield from self._consents()

    def _fact(
        self,
        known: date,
        resource: Resource,
        *events: Stated,
        named: tuple[Named, ...] = (),
        edges: tuple[Edge, ...] = (),
        objects: tuple[tuple[str, str, str], ...] = (),
        change: int = 0,
        until: date | None = None,
        is_final: bool = True,
        is_retraction: bool = False,
    ) -> Fact:
        feed = KINDS[resource["resourceType"]]
        of = Named("patient", "fhir_patient_id", self.partner, self.person.fhir_id, "recipient", self.person.number)
        return Fact(
            partner=self.partner, feed=feed, known=known, record=resource, key=(resource["id"],), journey=self.journey.number,
            persons=(of, *named), events=events, edges=edges, objects=objects, change=change, until=until, is_final=is_final,
            is_retraction=is_retraction,
        )  # fmt: skip

    def _coi(self) -> tuple[Named, ...]:
        if not self.journey.coi:
            return ()
        return (Named("coi", "coi", "", self.journey.coi, "recipient", self.person.number),)

    def _printed(self) -> str:
        mrn, dash = self.numbered.mrn, self.journey.hospital.mrn_dash_after
        return f"{mrn[:dash]}-{mrn[dash:]}" if dash else mrn

    def _numbers(self) -> tuple[Named, ...]:
        person = self.person
        crid = (Named("crid", "crid", "", person.crid, "recipient", person.number),) if person.crid else ()
        return (Named("mrn", "mrn", self.partner, self.numbered.mrn, "recipient", self.numbered.number), *crid, *self._coi())

    def _identity(self) -> Iterator[Fact]:
        journey, person, printed, named = self.journey, self.person, self._printed(), self._numbers()
        died = journey.outcome.died
        is_living = fhir.patient(journey, printed, None)
        living = self._fact(journey.referred, is_living, named=named, until=died, is_final=died is None)
        yield replace(living, traits=self._traits(), swap=self.mixed)
        if died:
            at = chart.at(self.journey, died, 3, 10)
            death = Stated("death_recorded", person.number, at.isoformat()[:16], numbers.utc(at), f"person {person.number}")
            dead = self._fact(died, fhir.patient(journey, printed, at), death, named=named)
            yield replace(dead, traits=self._traits(), swap=self.mixed)
        yield self._fact(journey.referred, fhir.condition(journey, chart.at(self.journey, journey.referred, 9, 15)))

    def _consents(self) -> Iterator[Fact]:
        """Each form as it was signed, and again where it was taken back."""
        for form in consent.signed(self.journey, self.draws):
            given, ended = form.given, form.withdrawn
            name = f"consent-{form.scope}"
            what = f"consent {self.person.fhir_id}-{name}"
            told = Stated("consent_recorded", self.person.number, given.isoformat()[:16], numbers.utc(given), what)
            said = Consented(self.person.number, form.scope, form.purposes, given.date().isoformat())
            active = self._fact(
                given.date(), fhir.consent(self.journey, name, form.scope, (given, None), form.purposes), told,
                until=ended.date() if ended else None, is_final=ended is None,
            )  # fmt: skip
            yield replace(active, consent=said)
            if ended:
                over = fhir.consent(self.journey, name, form.scope, (given, ended), form.purposes)
                yield replace(self._fact(ended.date(), over, told), consent=replace(said, withdrawn=numbers.utc(ended)))

    def _traits(self) -> tuple[Named, ...]:
        person = self.person
        said = (("birth_date", "birth_date", person.born.isoformat()), ("gender", "sex", person.sex))
        return tuple(Named(column, kind, "", value, "recipient", person.number) for column, kind, value in said)

    def _exchanged(self, fact: Fact) -> Fact:
        """A result of the morning on which tubes were exchanged stands in the other's chart."""
        mistake = mistaken(self.journey, RESULTS)
        if mistake is None:
            return fact
        other = mistake.other
        named = Named("patient", "fhir_patient_id", self.partner, other.fhir_id, "recipient", other.number)
        record = {**fact.record, "subject": {"reference": f"Patient/{other.fhir_id}"}}
        return replace(fact, record=record, persons=(named, *fact.persons[1:]), swap=swap(self.journey, mistake))

    def _observed(self, results: Iterator[chart.Result]) -> Iterator[Fact]:
        """A resource for each result, T cell subsets in one."""
        subsets: dict[str, chart.Result] = {}
        for result in results:
            if result.test in SUBSETS:
                subsets[result.test] = result
                continue
            fact = self._result(result)
            if result.change == "corrected":
                yield from self._corrected(fact)
            elif result.change == "taken_back":
                yield from self._taken_back(fact)
            else:
                yield fact
        if subsets:
            yield self._subsets(subsets)

    def _result(self, result: chart.Result) -> Fact:
        loinc, unit, code, category = TESTS[result.test]
        value = round(result.value, 1) if result.test == "crp" else result.value
        if result.test == "crp" and self.is_per_dl:
            value, unit, code = round(result.value / 10, 2), "mg/dL", "mg/dL"
        name = f"{result.test}-{result.at:%Y%m%d}"
        written = quantity(value, unit, code, result.comparator or None)
        return self._fact(result.at.date(), fhir.observation(self.journey, name, loinc, written, result.at.isoformat(), category=category))

    def _corrected(self, fact: Fact) -> Iterator[Fact]:
        """The count as first reported, and the right one a night later."""
        value = dict(fact.record["valueQuantity"])
        first = {**fact.record, "valueQuantity": {**value, "value": round(value["value"] + chart.FIRST_REPORTED, 1)}}
        yield self._fact(fact.known, first, is_final=False)
        yield self._fact(fact.known, {**fact.record, "status": "corrected"}, change=1)

    def _taken_back(self, fact: Fact) -> Iterator[Fact]:
        """A count of somebody else's blood, and its withdrawal a night later."""
        yield self._fact(fact.known, dict(fact.record), is_final=False)
        yield self._fact(fact.known, {**fact.record, "status": "entered-in-error"}, change=1, is_retraction=True)

    def _subsets(self, subsets: Mapping[str, chart.Result]) -> Fact:
        at = subsets["cd3"].at
        parts: list[tuple[fhir.Code, Resource]] = [
            (SUBSETS[test], quantity(round(one.value), "cells/uL", "{cells}/uL")) for test, one in subsets.items()
        ]
        return self._fact(at.date(), fhir.panel(self.journey, f"tcell-{at:%Y%m%d}", "TCELL", parts, at.isoformat()))

    def _leukapheresis(self, number: int, run: Collection) -> Fact:
        journey = self.journey
        identifiers = {"urn:isbt128:din": run.din, "urn:isbt128:coi": journey.coi, "urn:sponsor:order": journey.order_id}
        period = (run.started.astimezone(self.zone), run.completed.astimezone(self.zone))
        done = fhir.procedure(journey, f"leukapheresis-{number}", ("LEUKAPH", "Leukapheresis"), period, identifiers)
        events = [
            Stated(name, self.person.number, at.isoformat()[:16], numbers.utc(at), run.din)
            for name, at in zip(("apheresis_started", "apheresis_completed"), period, strict=True)
        ]
        objects = (("din", "", run.din), ("order_id", journey.product.numbered_by, journey.order_id))
        return self._fact(period[1].date(), done, *events, named=self._coi(), objects=objects)

    def _given(self, given: Administration) -> Iterator[Fact]:
        prefix = f"inf{given.number}"
        if given.conditioning_started:
            yield from self._conditioning(given.conditioning_started, prefix, is_myeloablative=given.arm == "CD34")
        what = f"infusion {self.journey.number}.{given.number}"
        times = (("infusion_started", given.started), ("infusion_completed", given.completed))
        events = [Stated(name, self.person.number, at.isoformat()[:16], numbers.utc(at), what) for name, at in times]
        if given.arm == "graft":
            yield from self._grafts(given, prefix, events)
            return
        is_own = given.product.modality in fhir.AUTOLOGOUS
        yield from self._approved(given, prefix)
        yield from self._thawed(given, prefix)
        yield from self._lots(given, prefix, events)
        identifiers = {"urn:isbt128:coi": self.journey.coi} if is_own else {}
        infusion = fhir.procedure(
            self.journey, f"{prefix}-infusion", INFUSIONS[given.arm], (given.started, given.completed), identifiers,
            product=given.product, status=_status(given),
        )  # fmt: skip
        yield self._fact(given.started.date(), infusion, *events, named=self._coi() if is_own else ())

    def _thawed(self, given: Administration, prefix: str) -> Iterator[Fact]:
        """The thaw of all that is given in one infusion."""
        if given.thawed is None:
            return
        journey, own = self.journey, given.product.modality in fhir.AUTOLOGOUS

        def told(at: datetime) -> tuple[Resource, Stated]:
            identifiers = {"urn:isbt128:coi": journey.coi} if own else {}
            period = (at - timedelta(minutes=THAWING_MIN), at)
            done = fhir.procedure(journey, f"{prefix}-thaw", THAW, period, identifiers, product=given.product)
            what = f"thaw {journey.number}.{given.number}"
            return done, Stated("dp_thawed", self.person.number, at.isoformat()[:16], numbers.utc(at), what)

        done, event = told(given.thawed)
        late = thawed_too_early(*told(given.thawed - timedelta(minutes=given.product.thaw_window_min)))
        yield replace(self._fact(given.started.date(), done, event, named=self._coi() if own else ()), defects=(late,))

    def _approved(self, given: Administration, prefix: str) -> Iterator[Fact]:
        """The way in which a product out of specification may be given."""
        at = given.pathway_approved
        if at:
            what = f"pathway {self.journey.number}.{given.number}"
            told = Stated("out_of_specification_pathway_approved", self.person.number, at.isoformat()[:16], numbers.utc(at), what)
            identifiers = {"urn:isbt128:coi": self.journey.coi} if self.journey.coi else {}
            approval = fhir.procedure(self.journey, f"{prefix}-pathway", PATHWAYS[given.pathway], (at, at), identifiers)
            yield self._fact(at.date(), approval, told, named=self._coi())

    def _conditioning(self, first: date, prefix: str, *, is_myeloablative: bool) -> Iterator[Fact]:
        for offset in range(4 if is_myeloablative else 3):
            on = first + timedelta(days=offset)
            for name, code, hour, dose, unit in MYELOABLATION if is_myeloablative else LYMPHODEPLETION:
                at, amount = chart.at(self.journey, on, hour), quantity(dose, unit, unit)
                yield self._drug(on, fhir.drug(self.journey, f"{prefix}-{name}-{offset}", (code, name), at, amount))

    def _grafts(self, given: Administration, prefix: str, events: list[Stated]) -> Iterator[Fact]:
        """One record per donation; the first starts with the infusion, the last ends with it."""
        dins = list(dict.fromkeys(key.split(":")[0] for key in given.lots))
        for place, (din, period) in enumerate(zip(dins, self._parts(given, len(dins)), strict=True)):
            name = f"{prefix}-infusion" if place == 0 else f"{prefix}-infusion-{place + 1}"
            status = _status(given) if place == len(dins) - 1 else "completed"
            infusion = fhir.procedure(self.journey, name, INFUSIONS["graft"], period, {"urn:isbt128:din": din}, status=status)
            edges = (Edge("administer", genealogy.donation(din), genealogy.infusion(self.journey, given)),)
            ends = _ends_of(events, place, len(dins))
            yield self._fact(given.started.date(), infusion, *ends, edges=edges, objects=(("din", "", din),))

    def _parts(self, given: Administration, count: int) -> list[fhir.Period]:
        """The infusion in parts one after the other, each of ten minutes but the last."""
        first, whole = given.started.astimezone(UTC), given.completed.astimezone(UTC) - given.started.astimezone(UTC)
        starts = [(first + whole * place / count).replace(second=0, microsecond=0).astimezone(self.zone) for place in range(count)]
        return [(at, given.completed if place == count - 1 else at + timedelta(minutes=10)) for place, at in enumerate(starts)]

    def _lots(self, given: Administration, prefix: str, events: list[Stated]) -> Iterator[Fact]:
        """One record per lot, as of donations; a lot that was withheld has one that says so."""
        share, last = round(given.dose_e6 / len(given.lots), 1), len(given.lots) - 1
        named = self._coi() if given.product.modality in fhir.AUTOLOGOUS else ()
        for place, (lot, period) in enumerate(zip(given.lots, self._parts(given, len(given.lots)), strict=True)):
            part = quantity(round(given.dose_e6 - share * place, 1) if place == last else share, "10*6", "10*6")
            name, status = f"{prefix}-cells-{place + 1}", _status(given) if place == last else "completed"
            resource = fhir.cells(self.journey, name, (given.product, lot), period, part, status=status)
            objects = (("lot", given.product.numbered_by, lot),)
            edges = (Edge("administer", ("dose_unit", lot), genealogy.infusion(self.journey, given)),)
            yield self._fact(
                given.started.date(), resource, *_ends_of(events, place, len(given.lots)), named=named, edges=edges, objects=objects
            )
        for place, lot in enumerate(given.withheld, start=len(given.lots) + 1):
            period = (given.completed, given.completed)
            resource = fhir.cells(self.journey, f"{prefix}-cells-{place}", (given.product, lot), period, None, status="not-done")
            yield self._fact(given.started.date(), resource, named=named, objects=(("lot", given.product.numbered_by, lot),))

    def _fever(self, given: Administration) -> Iterator[Fact]:
        """What is given for a release syndrome of grade 2 and more."""
        outcome = self.journey.outcome
        if outcome.crs_grade >= 2 and outcome.crs_onset_day is not None:
            day = given.started.date() + timedelta(days=outcome.crs_onset_day)
            amount = quantity(round(8 * self.person.weight_kg), "mg", "mg")
            dose = fhir.drug(self.journey, "tocilizumab", ("612865", "tocilizumab"), chart.at(self.journey, day, 15), amount)
            yield self._drug(day, dose)

    def _drug(self, known: date, resource: Resource) -> Fact:
        died = self.journey.outcome.died
        after = chart.at(self.journey, died + timedelta(days=9), 10).isoformat() if died else ""
        return replace(self._fact(known, resource), defects=(given_after_death(after),) if died else ())


def _status(given: Administration) -> str:
    return "stopped" if given.stopped else "completed"


def _ends_of(events: list[Stated], place: int, count: int) -> list[Stated]:
    """Of the start and the end of an infusion, what its part `place` of `count` is the record of."""
    return [
        one
        for one in events
        if (place == 0 and one.event_type == "infusion_started") or (place == count - 1 and one.event_type == "infusion_completed")
    ]
