"""The hospitals' nightly FHIR bulk exports: patients, diagnoses, results, procedures and what was given.

Each resource is delivered in the first night after it became known, and again when it changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from cgt_etl.simulator import numbers
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import _fhir as fhir
from cgt_etl.simulator.exports._ehr_defects import DEFECTS
from cgt_etl.simulator.exports._fhir import Resource, quantity
from cgt_etl.simulator.facts import Fact, Layout, Named, Ndjson, Stated
from cgt_etl.simulator.model import Administration, Collection, Journey, Network

__all__ = ["DEFECTS", "FEEDS", "facts"]

KINDS = {
    "Patient": "patient",
    "Condition": "condition",
    "Observation": "observation",
    "Procedure": "procedure",
    "MedicationAdministration": "medication_administration",
}
FEEDS: Mapping[str, Layout] = {feed: Ndjson(f"{kind}.ndjson") for kind, feed in KINDS.items()}
CORRECTED, MISTAKEN = 0.08, 0.05
"""Shares of patients with a platelet count that is corrected, or a lymphocyte count that is taken back, a night later."""
MONOCYTES = 0.3
"""White cells that are neither, 10*9/L, at least."""
FOLLOW_UP = (0, 1, 2, 3, 5, 7, 10, 14, 21, 28)
TESTS: dict[str, tuple[fhir.Code, str, str, float, float]] = {
    "wbc": (("6690-2", "Leukocytes [#/volume] in Blood by Automated count"), "K/uL", "10*3/uL", 5.5, 0.25),
    "hgb": (("718-7", "Hemoglobin [Mass/volume] in Blood"), "g/dL", "g/dL", 11, 0.1),
    "plt": (("777-3", "Platelets [#/volume] in Blood by Automated count"), "K/uL", "10*3/uL", 140, 0.25),
    "anc": (("751-8", "Neutrophils [#/volume] in Blood by Automated count"), "K/uL", "10*3/uL", 3.2, 0.3),
    "ldh": (("2532-0", "Lactate dehydrogenase [Enzymatic activity/volume] in Serum or Plasma"), "U/L", "U/L", 260, 0.3),
    "ferritin": (("2276-4", None), "ng/mL", "ng/mL", 700, 0.4),
    "creatinine": (("2160-0", "Creatinine [Mass/volume] in Serum or Plasma"), "mg/dL", "mg/dL", 0.9, 0.15),
}
"""Name -> LOINC code and display, printed unit, UCUM unit, typical value, relative spread."""
ALC = ("731-0", "Lymphocytes [#/volume] in Blood by Automated count")
INFUSIONS = {
    "T": ("CART-INF", "Infusion of engineered T cells"),
    "NK": ("NK-INF", "Infusion of NK cells"),
    "graft": ("HPC-INF", "Infusion of haematopoietic progenitor cells"),
}


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """Every resource of the journey's patient."""
    yield from _Chart(journey, draws).facts()


class _Chart:
    """What one hospital knows of one patient."""

    def __init__(self, journey: Journey, draws: Draws) -> None:
        self.journey, self.draws, self.person = journey, draws, journey.patient
        self.zone, self.partner = journey.hospital.zone, journey.hospital.partner
        self.is_per_dl = journey.hospital.mrn_dash_after == 0
        """Which unit the laboratory prints C-reactive protein in."""

    def facts(self) -> Iterator[Fact]:
        yield from self._identity()
        own = [run for run in self.journey.collections if run.is_autologous]
        yield from self._baseline(own[0] if own else None)
        for number, run in enumerate(own, start=1):
            yield self._leukapheresis(number, run)
        for given in self.journey.administrations:
            yield from self._given(given)
        if self.journey.administrations:
            yield from self._follow_up(self.journey.administrations[0])

    def _fact(
        self,
        known: date,
        resource: Resource,
        *events: Stated,
        named: tuple[Named, ...] = (),
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
            persons=(of, *named), events=events, objects=objects, change=change, until=until, is_final=is_final,
            is_retraction=is_retraction,
        )  # fmt: skip

    def _coi(self) -> tuple[Named, ...]:
        if not self.journey.coi:
            return ()
        return (Named("coi", "coi", "", self.journey.coi, "recipient", self.person.number),)

    def _at(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), tzinfo=self.zone)

    def _identity(self) -> Iterator[Fact]:
        journey, person = self.journey, self.person
        dash = journey.hospital.mrn_dash_after
        printed = f"{person.mrn[:dash]}-{person.mrn[dash:]}" if dash else person.mrn
        named = (
            Named("mrn", "mrn", self.partner, person.mrn, "recipient", person.number),
            Named("crid", "crid", "", person.crid, "recipient", person.number),
            *self._coi(),
        )
        died = journey.outcome.died
        is_living = fhir.patient(journey, printed, None)
        yield self._fact(journey.referred, is_living, named=named, until=died, is_final=died is None)
        if died:
            at = self._at(died, 3, 10)
            death = Stated("death_recorded", person.number, at.isoformat()[:16], numbers.utc(at), f"person {person.number}")
            yield self._fact(died, fhir.patient(journey, printed, at), death, named=named)
        yield self._fact(journey.referred, fhir.condition(journey, self._at(journey.referred, 9, 15)))

    def _observed(self, name: str, loinc: fhir.Code, value: Resource, at: datetime, category: str = "laboratory") -> Fact:
        return self._fact(at.date(), fhir.observation(self.journey, f"{name}-{at:%Y%m%d}", loinc, value, at.isoformat(), category=category))

    def _result(self, test: str, at: datetime, value: float) -> Fact:
        loinc, unit, code, *_ = TESTS[test]
        return self._observed(test, loinc, quantity(value, unit, code), at)

    def _drawn(self, test: str, at: datetime, factor: float = 1.0) -> Fact:
        *_, typical, spread = TESTS[test]
        return self._result(test, at, round(self.draws.near(typical * factor, spread), 1))

    def _crp(self, at: datetime, mg_per_l: float) -> Fact:
        """C-reactive protein, in the unit of the hospital: one prints mg/dL, another mg/L."""
        value, unit = (round(mg_per_l / 10, 2), "mg/dL") if self.is_per_dl else (round(mg_per_l, 1), "mg/L")
        return self._observed("crp", ("1988-5", "C reactive protein"), quantity(value, unit, unit), at)

    def _weight(self, at: datetime) -> Fact:
        return self._observed("weight", ("29463-7", "Body weight"), quantity(self.person.weight_kg, "kg", "kg"), at, "vital-signs")

    def _baseline(self, run: Collection | None) -> Iterator[Fact]:
        """The morning of the first collection, or the week after referral; one blood, which two laboratories count alike."""
        draws, journey = self.draws, self.journey
        day = run.started.date() if run else journey.referred + timedelta(days=7)
        if journey.outcome.died and day > journey.outcome.died:
            return
        at = self._at(day, 7, 30)
        counts = {test: draws.near(typical, spread) for test, (*_, typical, spread) in TESTS.items()}
        lymphocytes = journey.features.lymphocytes or draws.number("pb_alc", "patient")
        if run:
            counts["hgb"] = draws.near(run.haemoglobin[0], 0.02)
            counts["plt"] = draws.near(run.platelets[0], 0.04)
            lymphocytes = max(lymphocytes, run.pre_cd3 / 1000 * 1.1)
        counts["wbc"] = max(counts["wbc"], counts["anc"] + lymphocytes + MONOCYTES)
        is_corrected, is_mistaken = draws.chance(CORRECTED), draws.chance(MISTAKEN)
        for test, value in counts.items():
            fact = self._result(test, at, round(value, 1))
            if test == "plt" and is_corrected:
                yield from self._corrected(fact)
            else:
                yield fact
        lymphocyte_count = self._observed("alc", ALC, quantity(round(lymphocytes, 2), "K/uL", "10*3/uL"), at)
        yield from self._taken_back(lymphocyte_count) if is_mistaken else (lymphocyte_count,)
        yield self._crp(at, draws.near(12, 0.5))
        yield self._weight(at)
        yield self._observed("height", ("8302-2", "Body height"), quantity(self.person.height_cm, "cm", "cm"), at, "vital-signs")
        if run:
            yield self._subsets(run, at)

    def _corrected(self, fact: Fact) -> Iterator[Fact]:
        """The count as first reported, and the right one a night later."""
        value = dict(fact.record["valueQuantity"])
        first = {**fact.record, "valueQuantity": {**value, "value": round(value["value"] + 3, 1)}}
        yield self._fact(fact.known, first, is_final=False)
        yield self._fact(fact.known, {**fact.record, "status": "corrected"}, change=1)

    def _taken_back(self, fact: Fact) -> Iterator[Fact]:
        """A count of somebody else's blood, and its withdrawal a night later."""
        yield self._fact(fact.known, dict(fact.record), is_final=False)
        yield self._fact(fact.known, {**fact.record, "status": "entered-in-error"}, change=1, is_retraction=True)

    def _subsets(self, run: Collection, at: datetime) -> Fact:
        ratio = self.journey.features.cd4_cd8_ratio
        cd8 = run.pre_cd3 * 0.95 / (1 + ratio)
        counts = {
            ("8122-4", "CD3 cells [#/volume] in Blood"): run.pre_cd3,
            ("24467-3", "CD3+CD4+ (T4 helper) cells [#/volume] in Blood"): cd8 * ratio,
            ("14135-8", "CD3+CD8+ (T8 suppressor cells) cells [#/volume] in Blood"): cd8,
        }
        parts: list[tuple[fhir.Code, Resource]] = [
            (name, quantity(round(count), "cells/uL", "{cells}/uL")) for name, count in counts.items()
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
        objects = (("din", "", run.din), ("order_id", journey.product.manufacturer, journey.order_id))
        return self._fact(period[1].date(), done, *events, named=self._coi(), objects=objects)

    def _given(self, given: Administration) -> Iterator[Fact]:
        journey, arm = self.journey, given.arm
        day, prefix = given.started.date(), f"inf{given.number}"
        if given.conditioning_started:
            for offset in range(3):
                on = given.conditioning_started + timedelta(days=offset)
                for name, code, hour, dose in (("fludarabine", "24698", 10, 30.0), ("cyclophosphamide", "3002", 13, 300.0)):
                    amount = quantity(dose, "mg/m2", "mg/m2")
                    yield self._fact(on, fhir.drug(journey, f"{prefix}-{name}-{offset}", (code, name), self._at(on, hour), amount))
        what = f"infusion {journey.number}.{given.number}"
        times = (("infusion_started", given.started), ("infusion_completed", given.completed))
        events = [Stated(name, self.person.number, at.isoformat()[:16], numbers.utc(at), what) for name, at in times]
        is_own = given.product.modality == "auto_cart"
        if arm != "graft":
            yield from self._lots(given, prefix, events)
        identifiers = {"urn:isbt128:coi": journey.coi} if is_own else {}
        objects: tuple[tuple[str, str, str], ...] = ()
        if arm == "graft":
            din = given.lots[0].split(":")[0]
            identifiers, objects = {"urn:isbt128:din": din}, (("din", "", din),)
        product = None if arm == "graft" else given.product
        period = (given.started, given.completed)
        infusion = fhir.procedure(journey, f"{prefix}-infusion", INFUSIONS[arm], period, identifiers, product=product)
        yield self._fact(day, infusion, *events, named=self._coi() if is_own else (), objects=objects)

    def _lots(self, given: Administration, prefix: str, events: list[Stated]) -> Iterator[Fact]:
        """One record per lot; the first starts with the infusion, the last ends with it."""
        share, last = round(given.dose_e6 / len(given.lots), 1), len(given.lots) - 1
        whole = given.completed.astimezone(UTC) - given.started.astimezone(UTC)
        is_own = given.product.modality == "auto_cart"
        for place, lot in enumerate(given.lots):
            start = (given.started.astimezone(UTC) + whole * place / len(given.lots)).replace(second=0, microsecond=0).astimezone(self.zone)
            end = given.completed if place == last else start + timedelta(minutes=10)
            part = quantity(round(given.dose_e6 - share * place, 1) if place == last else share, "10*6", "10*6")
            stated = [one for one in events if one.event_type == ("infusion_started" if place == 0 else "infusion_completed") or last == 0]
            resource = fhir.cells(self.journey, f"{prefix}-cells-{place + 1}", (given.product, lot), (start, end), part)
            objects = (("lot", given.product.manufacturer, lot),)
            yield self._fact(given.started.date(), resource, *stated, named=self._coi() if is_own else (), objects=objects)

    def _follow_up(self, given: Administration) -> Iterator[Fact]:
        draws, outcome = self.draws, self.journey.outcome
        onset = outcome.crs_onset_day
        if outcome.crs_grade >= 2 and onset is not None:
            day = given.started.date() + timedelta(days=onset)
            amount = quantity(round(8 * self.person.weight_kg), "mg", "mg")
            yield self._fact(day, fhir.drug(self.journey, "tocilizumab", ("612865", "tocilizumab"), self._at(day, 15), amount))
        for after in FOLLOW_UP:
            at = self._at(given.started.date() + timedelta(days=after), 6)
            if outcome.died and at.date() >= outcome.died:
                return
            is_feverish = onset is not None and onset <= after <= onset + 3
            yield self._crp(at, draws.near(90 if is_feverish else 10, 0.3))
            if is_feverish and outcome.crs_grade >= 3:
                yield self._observed("ferritin", ("2276-4", None), quantity(40000, "ng/mL", "ng/mL", ">"), at)
            else:
                yield self._drawn("ferritin", at, 8 if is_feverish else 1)
            heat = quantity(round(draws.near(38.9 if is_feverish else 36.8, 0.006), 1), "Cel", "Cel")
            yield self._observed("temperature", ("8310-5", "Body temperature"), heat, at, "vital-signs")
            if after in (0, 7, 14, 21, 28):
                for test, factor in (("anc", 0.1 if after == 7 else 0.5), ("plt", 0.6), ("hgb", 0.85)):
                    yield self._drawn(test, at, factor)
            if after == 0:
                yield self._weight(at)
