"""The nightly message files of a hospital whose interface engine speaks HL7 v2: layout 5 of the partner layouts.

Patients (ADT: registered, updated, records merged) and results (ORU), whose chart is that of every hospital. Times are those of the
hospital's clocks, without an offset. Procedures and infusions are in no message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from cgt_etl.simulator import numbers
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import _chart as chart
from cgt_etl.simulator.exports import _hl7 as hl7
from cgt_etl.simulator.exports import _ward as ward
from cgt_etl.simulator.exports._mistaken import mistaken
from cgt_etl.simulator.facts import DefectClass, Fact, Layout, Named, Record, Stated, Text
from cgt_etl.simulator.model import Administration, Journey, Person
from cgt_etl.simulator.parties import Network
from cgt_etl.simulator.world.mistaken import MERGE
from cgt_etl.simulator.world.treating import UNTREATED

DIALECT = "ehr_hl7v2"
LAB, LOINC = "99LAB", "LN"
TESTS: dict[str, tuple[str, tuple[str, str, str], str]] = {
    "wbc": ("CBC", ("WBCA", "WBC AUTO", LAB), "x10E3/uL"),
    "hgb": ("CBC", ("HGB", "HEMOGLOBIN", LAB), "g/dL"),
    "plt": ("CBC", ("PLTCT", "PLATELET COUNT", LAB), "x10E3/uL"),
    "anc": ("CBC", ("751-8", "Neutrophils [#/volume] in Blood by Automated count", LOINC), "x10E3/uL"),
    "alc": ("CBC", ("LYAB", "LYMPHOCYTES ABS", LAB), "x10E3/uL"),
    "ldh": ("CHEM", ("LDHR", "LDH", LAB), "U/L"),
    "ferritin": ("CHEM", ("FERR", "FERRITIN", LAB), "ng/mL"),
    "creatinine": ("CHEM", ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", LOINC), "mg/dL"),
    "crp": ("CHEM", ("CRP", "C-REACTIVE PROTEIN", LAB), "mg/dL"),
    "cd3": ("TCELL", ("T3AB", "CD3 ABS", LAB), "cells/cumm"),
    "cd4": ("TCELL", ("T4AB", "CD4 ABS", LAB), "cells/cumm"),
    "cd8": ("TCELL", ("T8AB", "CD8 ABS", LAB), "cells/cumm"),
    "temperature": ("VITALS", ("8310-5", "Body temperature", LOINC), "degF"),
    "weight": ("VITALS", ("29463-7", "Body weight", LOINC), "lb"),
    "height": ("VITALS", ("8302-2", "Body height", LOINC), "in"),
}
"""Test of the chart -> panel, code with its text and system, printed unit."""
PANELS = {
    "CBC": "BLOOD COUNT",
    "CHEM": "CHEMISTRY",
    "TCELL": "T CELL SUBSETS",
    "VITALS": "VITAL SIGNS",
    "CRS": "FLOWSHEET CRS",
    "ICANS": "FLOWSHEET ICANS",
}
PRINTED: dict[str, Callable[[float], str]] = {
    "crp": lambda mg_per_l: f"{mg_per_l / 10:.2f}",
    "temperature": lambda cel: f"{cel * 9 / 5 + 32:.1f}",
    "weight": lambda kg: f"{kg / 0.45359237:.1f}",
    "height": lambda cm: f"{cm / 2.54:.1f}",
}
"""Where the unit is not the chart's."""
MERGED = 0.15
"""Share of patients who were registered under a second number at first. No figure is published."""
MERGED_AFTER, PARTED_AFTER = timedelta(days=82), timedelta(days=31)
"""From the first day to a merge of records, and from one that was wrong to its undoing: of three nights, mostly the next. Chosen."""
FEEDS: Mapping[str, Layout] = {"patient": Text("adt_{stamp}.hl7", hl7.message), "result": Text("oru_{stamp}.hl7", hl7.message)}


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """Every message about the journey's patient, and about a donor who has a chart of their own at the hospital."""
    yield from _Records(journey, draws).facts()
    donor = journey.donor
    if donor.mrn and donor != journey.patient:
        seen = replace(journey, patient=donor, coi="", outcome=UNTREATED, mistakes=())
        yield from _Records(seen, Draws.seeded(draws.random.getrandbits(64)), of_donor=True).donor_facts()


class _Records:
    """What one hospital's interface engine sends of one patient."""

    def __init__(self, journey: Journey, draws: Draws, *, of_donor: bool = False) -> None:
        self.journey, self.draws, self.person, self.partner = journey, draws, journey.patient, journey.hospital.partner
        self.sender = self.partner.split("_")[0].upper()
        self.messages, self.is_merged = count(5001 if of_donor else 1), not of_donor and draws.chance(MERGED)
        self.at_door = f"9{self.person.mrn[1:]}" if self.is_merged else self.person.mrn
        """The number of the first days."""

    def facts(self) -> Iterator[Fact]:
        yield from self._registered()
        yield from self._merged_wrongly()
        own = [run for run in self.journey.collections if run.is_autologous]
        # before the merge they stand under the number that it ends
        yield from self._results(chart.baseline(self.journey, own[0] if own else None, self.draws), self.at_door)
        if self.journey.administrations:
            given = self.journey.administrations[0]
            yield from self._results(chart.follow_up(self.journey, given, self.draws), self.person.mrn)
            yield from self._flowsheets(given)

    def donor_facts(self) -> Iterator[Fact]:
        """Who the donor is, and the morning of the first collection."""
        yield from self._registered()
        first = next(iter(self.journey.collections), None)
        yield from self._results(chart.baseline(self.journey, first, self.draws), self.person.mrn)

    def _header(self, kind: str, sent: datetime) -> str:
        return hl7.header(kind, sent, f"{self.journey.number:05d}{next(self.messages):04d}", self.sender)

    def _printed(self, mrn: str) -> str:
        dash = self.journey.hospital.mrn_dash_after
        return f"{mrn[:dash]}-{mrn[dash:]}" if dash else mrn

    def _numbers(self, mrn: str, *, in_registry: bool = False) -> str:
        registry = ((self.person.crid, "CIBMTR", "RRI"),) if in_registry and self.person.crid else ()
        return hl7.identifiers(((self._printed(mrn), self.sender, "MR"), *registry))

    def _mrn(self, column: str, mrn: str) -> Named:
        return Named(column, "mrn", self.partner, mrn, "recipient", self.person.number)

    def _message(self, trigger: str, happened: datetime, pid: Mapping[int, str], after: tuple[str, ...] = ()) -> dict[str, Any]:
        sent = happened + timedelta(minutes=10)
        event = hl7.segment("EVN", {1: trigger, 2: hl7.stamp(happened)})
        return {
            "header": self._header(f"ADT^{trigger}", sent),
            "before": (event,),
            "pid": {**hl7.person(self.person), **pid},
            "after": after,
        }

    def _registered(self) -> Iterator[Fact]:
        journey, person = self.journey, self.person
        died = journey.outcome.died
        arrived = chart.at(journey, journey.referred, 9, 15)
        if self.is_merged:
            yield from self._twice(arrived)
        crid = (Named("crid", "crid", "", person.crid, "recipient", person.number),) if person.crid else ()
        named = (self._mrn("mrn", person.mrn), *crid)
        pid = {3: self._numbers(person.mrn, in_registry=True)}
        first = self._message("A04", arrived, pid)
        yield self._fact("patient", journey.referred, first, (person.mrn, ""), named, until=died, is_final=died is None)
        if died:
            at = chart.at(journey, died, 3, 10)
            death = Stated("death_recorded", person.number, at.isoformat()[:16], numbers.utc(at), f"person {person.number}")
            told = self._message("A08", at, {**pid, hl7.DIED: hl7.stamp(at), hl7.IS_DEAD: "Y"})
            yield self._fact("patient", died, told, (person.mrn, ""), named, events=(death,))

    def _twice(self, arrived: datetime) -> Iterator[Fact]:
        """Registered at the door under another number, which a merge ends."""
        person = self.person
        other = self.at_door
        at_door = self._message("A04", arrived - timedelta(hours=1), {3: self._numbers(other)})
        yield self._fact("patient", arrived.date(), {**at_door, "is_sound": True}, (other, ""), (self._mrn("mrn", other),), is_final=False)
        at = chart.at(self.journey, arrived.date() + MERGED_AFTER, 11)
        merge = Stated("identity_merge", person.number, at.isoformat()[:16], numbers.utc(at), f"merge {other}")
        yield self._fact(
            "patient", at.date(), self._merge(at, other), (person.mrn, other),
            (self._mrn("mrn", person.mrn), self._mrn("merged_mrn", other)), events=(merge,), is_final=False,
        )  # fmt: skip

    def _merge(self, at: datetime, ended: str) -> dict[str, Any]:
        message = self._message("A40", at, {3: self._numbers(self.person.mrn)}, (hl7.segment("MRG", {1: self._numbers(ended)}),))
        return {**message, "is_sound": True}

    def _merged_wrongly(self) -> Iterator[Fact]:
        """The number of another patient is ended by mistake; the two are parted later, named the other way about."""
        mistake = mistaken(self.journey, MERGE)
        if mistake is None:
            return
        person, other = self.person, mistake.other
        at = chart.at(self.journey, self.journey.referred + MERGED_AFTER, 12)
        merge = Stated("identity_merge", other.number, at.isoformat()[:16], numbers.utc(at), f"merge {other.mrn}")
        theirs = Named("merged_mrn", "mrn", self.partner, other.mrn, "recipient", other.number)
        merged = self._fact(
            "patient", at.date(), self._merge(at, other.mrn), (person.mrn, other.mrn), (self._mrn("mrn", person.mrn),),
            apart=(theirs,), events=(merge,), is_final=False,
        )  # fmt: skip
        # it is what happened to the other, whose journey has the other's number
        yield replace(merged, journey=other.number)
        at += PARTED_AFTER
        second = hl7.segment("PID", {**hl7.person(person), 1: "2", 3: self._numbers(person.mrn)})
        parted = self._message("A37", at, {**hl7.person(other), 3: self._numbers(other.mrn)}, (second,))
        yield self._fact(
            "patient", at.date(), {**parted, "is_sound": True}, (other.mrn, person.mrn), (replace(theirs, column="mrn"),),
            apart=(self._mrn("linked_mrn", person.mrn),), traits_of=other, is_final=False,
        )  # fmt: skip

    def _results(self, results: Iterator[chart.Result], mrn: str) -> Iterator[Fact]:
        """A message for each panel of each morning; one that is corrected comes again, whole, a night later."""
        panels: dict[tuple[datetime, str], list[chart.Result]] = {}
        for result in results:
            panels.setdefault((result.at, TESTS[result.test][0]), []).append(result)
        for (drawn, panel), of in panels.items():
            key = (mrn, panel, hl7.stamp(drawn))
            named = (self._mrn("mrn", mrn),)
            is_changed = any(one.change for one in of)
            first = self._panel(drawn, panel, mrn, [_first_reported(one) for one in of])
            yield self._fact("result", drawn.date(), first, key, named, is_final=not is_changed)
            if is_changed:
                again = self._panel(drawn, panel, mrn, [_reported_again(one) for one in of])
                yield self._fact("result", drawn.date(), again, key, named, change=1)

    def _flowsheets(self, given: Administration) -> Iterator[Fact]:
        """A message for each syndrome of each day on which the ward looked."""
        sheets: dict[tuple[datetime, str], list[ward.Seen]] = {}
        for one in ward.seen(self.journey, given):
            sheets.setdefault((one.at, one.scale), []).append(one)
        for (at, scale), of in sheets.items():
            mrn, panel = self.person.mrn, scale.upper()
            message = self._panel(at, panel, mrn, [_assessed(one) for one in of])
            told = self._fact("result", at.date(), message, (mrn, panel, hl7.stamp(at)), (self._mrn("mrn", mrn),))
            yield replace(told, graded=(scale, of[0].grade))

    def _panel(self, drawn: datetime, panel: str, mrn: str, results: list[Record]) -> dict[str, Any]:
        order = hl7.segment("OBR", {1: "1", 4: f"{panel}^{PANELS[panel]}^{LAB}", 7: hl7.stamp(drawn)})
        pid = {**hl7.person(self.person), 3: self._numbers(mrn)}
        return {
            "header": self._header("ORU^R01", drawn + timedelta(hours=2)),
            "pid": pid,
            "after": (order, *(hl7.observation(place, one) for place, one in enumerate(results, start=1))),
        }

    def _fact(
        self,
        feed: str,
        known: date,
        record: Record,
        key: tuple[str, ...],
        persons: tuple[Named, ...],
        *,
        apart: tuple[Named, ...] = (),
        events: tuple[Stated, ...] = (),
        change: int = 0,
        until: date | None = None,
        is_final: bool = True,
        traits_of: Person | None = None,
    ) -> Fact:
        person = traits_of or self.person
        said = (("birth_date", person.born.isoformat()), ("sex", person.sex)) if feed == "patient" else ()
        traits = tuple(Named(kind, kind, "", value, "recipient", person.number) for kind, value in said)
        return Fact(
            partner=self.partner, feed=feed, known=known, record=record, key=key, journey=self.journey.number, persons=persons, apart=apart,
            traits=traits, events=events, change=change, until=until, is_final=is_final,
        )  # fmt: skip


def _observed(result: chart.Result, value: float, status: str) -> Record:
    _, code, unit = TESTS[result.test]
    printed = PRINTED[result.test](value) if result.test in PRINTED else f"{value:g}"
    type_ = "SN" if result.comparator else "NM"
    return {"code": code, "type": type_, "value": printed, "comparator": result.comparator, "unit": unit, "status": status}


def _assessed(one: ward.Seen) -> Record:
    is_score = one.code == ward.SCORE
    written = ("NM", one.answer, ward.SCORE_UNIT) if is_score else ("CWE", f"{one.answer}^^{LAB}", "")
    said = dict(zip(("type", "value", "unit"), written, strict=True))
    return {"code": (one.code, ward.CODES[one.code], LAB), "comparator": "", "status": "F", **said}


def _first_reported(result: chart.Result) -> Record:
    more = chart.FIRST_REPORTED if result.change == "corrected" else 0
    return _observed(result, round(result.value + more, 2), "F")


def _reported_again(result: chart.Result) -> Record:
    """C corrects a result; W takes away one that was of somebody else's blood."""
    return _observed(result, result.value, {"corrected": "C", "taken_back": "W", "": "F"}[result.change])


def _with_field(name: str, field: int, text: str) -> Callable[[Record, Draws], Record | None]:
    """A defect of one field of one result, or of the patient (PID); none of a message about two records."""

    def apply(record: Record, draws: Draws) -> Record | None:
        if record.get("is_sound"):
            return None
        if name == "PID":
            return {**record, "pid": {**record["pid"], field: text}}
        places = [place for place, one in enumerate(record["after"]) if one.startswith(f"{name}|")]
        place = draws.random.choice(places)
        fields = record["after"][place].split("|")
        if "^" in fields[5]:  # a value that is censored, or a word, stays so
            return None
        changed = "|".join([*fields[:field], text, *fields[field + 1 :]])
        return {**record, "after": (*record["after"][:place], changed, *record["after"][place + 1 :])}

    return apply


def _nameless(record: Record, draws: Draws) -> Record | None:
    ids = "^".join(["", *record["pid"][3].split("~")[0].split("^")[1:]])
    return _with_field("PID", 3, ids)(record, draws)


def _other_kind(record: Record, draws: Draws) -> Record | None:
    return {**record, "header": record["header"].replace("|ORU^R01|", "|ORM^O01|")}


def _broken_line(record: Record, draws: Draws) -> Record | None:
    return {**record, "after": (*record["after"], "that goes on||||||F")}


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "patient": (
        DefectClass("no_record_number", "D03", "row", None, 0.03, 0.08, _nameless),
        DefectClass("impossible_birth_date", "D02", "cell", "birth_date", 0.04, 0.1, _with_field("PID", 7, "19800230")),
        DefectClass("unknown_sex", "D04", "cell", "sex", 0.04, 0.1, _with_field("PID", 8, "X")),
    ),
    "result": (
        DefectClass("no_record_number", "D03", "row", None, 0.01, 0.04, _nameless),
        DefectClass("message_of_another_kind", "D01", "row", None, 0.01, 0.04, _other_kind),
        DefectClass("broken_line", "D01", "row", None, 0.01, 0.04, _broken_line),
        DefectClass("unit_of_nothing", "D05", "cell", "value", 0.02, 0.06, _with_field("OBX", 6, "furlongs")),
        DefectClass("words_for_a_number", "D02", "cell", "value", 0.02, 0.06, _with_field("OBX", 5, "see note")),
        DefectClass("unknown_status", "D04", "cell", "status", 0.02, 0.06, _with_field("OBX", 11, "Q")),
    ),
}
"""What goes wrong with messages. A message that names two records, or a number that a merge ends, comes as it should."""
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {}
