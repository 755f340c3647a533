"""Worlds of handoffs that two sides tell of, as the tables that the models of handoffs read, with faults of every kind in them.

`faults` draws one world from its seed: 150 treatments from the collection to the infusion, what giver, carrier and receiver state of each
handoff, and which handoffs have a fault. What honest records are like is in it too: clocks that are minutes off, records that nobody sent
or that were taken back, doors opened, single warm readings, counts that differ by a little. Writes no file and judges nothing.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

from cgt_etl.simulator.fault_tables import PAPERS, TABLES, frame, names

JOURNEYS = 150
BEGIN = datetime(2026, 1, 5, 8)  # noqa: DTZ001  UTC, as all instants of the tables
FAULTS = {
    "H05": ("count_mismatch", "clock_skew", "late"),
    "H07": ("seal_broken", "papers_missing"),
    "H08": ("identity_swap", "count_mismatch", "clock_skew", "late", "temperature", "seal_broken", "papers_missing", "lost"),
    "H10": ("identity_swap", "clock_skew", "lost"),
    "H13": ("seal_broken", "papers_missing"),
    "H14": ("identity_swap", "clock_skew", "late", "temperature", "seal_broken", "papers_missing", "lost"),
}
"""Kind of handoff -> the faults that it can have and that records can show."""
SHARE = 0.2
"""Of handoffs, that have a fault."""
UNSAID = 0.05
"""Of records of each kind, that nobody sent."""
CLOCK_MIN = 2.0
"""Standard deviation of an honest clock, minutes."""
NEEDED = {
    "H07": ("waybill", "custody_form", "invoice", "xray_notice"),
    "H13": ("waybill", "custody_form"),
    "H08": ("proof_of_delivery", "logger_file"),
    "H14": ("proof_of_delivery", "logger_file", "custody_form"),
}
"""Kind -> the papers that must be there (handoffs.csv)."""
STEP_MIN = 30
"""Between two readings of a logger."""
FRESH_H = 72
"""From door to process, of cells that were never frozen (handoffs.csv)."""

Place = tuple[str, str]
"""What changed hands: `to_carrier` or `by_carrier` with the container's number, `collection` or `batch` with its key."""


class Faults(NamedTuple):
    """What was recorded, and what is true."""

    tables: dict[str, pl.DataFrame]
    """By the names of `TABLES`."""
    injected: dict[Place, str]
    """Handoff -> its fault, where records hold evidence of it."""
    unseen: frozenset[Place]
    """Handoffs with a fault of which no record tells."""


@dataclass
class _Journey:
    number: int
    collector: str
    laboratory: str | None
    """Freezes what was collected; None where it travels fresh."""
    maker: str
    hospital: str
    dins: list[str]
    fault: dict[str, str] = field(default_factory=dict)
    """Kind of handoff -> its fault."""
    partner: dict[str, _Journey] = field(default_factory=dict)
    """Kind of handoff -> whose things came in place of its own."""
    begin: datetime = BEGIN
    is_order_known: bool = True
    """Whether the manufacturer's record says for whom the batch is."""

    @property
    def order(self) -> str:
        return f"order-{self.number}"

    @property
    def subject(self) -> str:
        return f"subject-{self.number}"

    @property
    def batch(self) -> str:
        return f"batch-{self.number}"

    @property
    def lot(self) -> str:
        return f"lot-{self.number}"


def faults(seed: int, *, share: float = SHARE) -> Faults:
    """One world: each handoff has a fault with the probability `share`, each fault of its kind as often as another."""
    return _World(random.Random(f"faults/{seed}"), share).drawn()


class _World:
    def __init__(self, chance: random.Random, share: float) -> None:
        self.chance, self.share = chance, share
        self.rows: dict[str, list[dict[str, object]]] = defaultdict(list)
        self.injected: dict[Place, str] = {}
        self.unseen: set[Place] = set()
        self.count = 0
        self.moved: list[datetime] = []
        """When boxes were packed, left and came."""

    def drawn(self) -> Faults:
        parties = {kind: [f"{kind}_{number}" for number in range(1, 4)] for kind in ("collector", "freezer", "maker", "hospital")}
        for party in (*(one for some in parties.values() for one in some), "courier", "tester"):
            self.add("marts.site", site_id=f"{party}.main", party_id=party, gln=f"gln-{party}")
            if self.chance.random() < 0.5:
                self.add("marts.clock_skew", party_id=party, skew_low_s=-240, skew_high_s=300, status_code="estimated")
        pick = self.chance.choice
        journeys = [
            _Journey(
                number,
                pick(parties["collector"]),
                pick(parties["freezer"]) if self.chance.random() < 0.5 else None,
                pick(parties["maker"]),
                pick(parties["hospital"]),
                [f"din-{number}-{bag}" for bag in range(1 + (self.chance.random() < 0.5))],
                begin=BEGIN + timedelta(hours=number * 40),
                is_order_known=not self.is_unsaid(),
            )
            for number in range(JOURNEYS)
        ]
        for journey in journeys:
            self.choose(journey)
        for kind, same in (("H08", "maker"), ("H10", ""), ("H14", "hospital")):
            self.pair(kind, [one for one in journeys if one.fault.get(kind) == "identity_swap"], same)
        came = {journey.number: self.sent(journey) for journey in journeys}
        for journey in journeys:
            both = [came[one.number] for one in (journey, journey.partner.get("H08", journey))]
            if came[journey.number] is not None:
                self.made(journey, max(at for at in both if at is not None))
        last = max(self.moved)
        # a box that leaves two months later: by then all that is open is past its limit
        self.event("shipment_dispatched", last + timedelta(days=60), {"sscc_id": "box-of-the-edge"}, party="courier")
        return Faults({name: frame(name, self.rows[name]) for name in TABLES}, self.injected, frozenset(self.unseen))

    def choose(self, journey: _Journey) -> None:
        for kind, all_of in FAULTS.items():
            of = [one for one in all_of if one != "count_mismatch" or kind == "H05" or len(journey.dins) > 1]
            is_absent = (kind == "H05" and journey.laboratory is None) or (
                kind in ("H10", "H13", "H14") and journey.fault.get("H08") == "lost"
            )
            if not is_absent and self.chance.random() < self.share:
                journey.fault[kind] = self.chance.choice(of)

    def pair(self, kind: str, swapped: list[_Journey], same: str) -> None:
        """Two and two of one destination have each other's things; who is left over has its own."""
        groups: dict[str, list[_Journey]] = defaultdict(list)
        for one in swapped:
            groups[getattr(one, same) if same else ""].append(one)
        for group in groups.values():
            for one, other in zip(group[::2], group[1::2], strict=False):
                one.partner[kind], other.partner[kind] = other, one
                other.begin = one.begin  # what is taken for each other lies there at the same time
            if len(group) % 2:
                del group[-1].fault[kind]

    # -- one treatment, in the order in which it happens

    def sent(self, one: _Journey) -> datetime | None:
        """From the collection to the manufacturer: when its box came, None where it never did."""
        self.add("marts.therapy_order", therapy_order_id=one.order, status_code="active")
        self.add("marts.journey", journey_id=f"journey-{one.number}", therapy_order_id=one.order)
        ended = one.begin + timedelta(hours=self.chance.uniform(0, 8))
        ready = max(self.collected(one, din, ended + timedelta(days=place)) for place, din in enumerate(one.dins))
        return self.box(one, ("H07", "H08"), one.laboratory or one.collector, one.maker, sscc=f"box-a-{one.number}", ready=ready)

    def made(self, one: _Journey, came: datetime) -> None:
        """From the first step of manufacture to the infusion."""
        begun = came + timedelta(hours=self.chance.lognormvariate(2, 0.4))
        filled = begun + timedelta(days=self.chance.uniform(9, 14))
        order, subject = (one.order, one.subject) if one.is_order_known else (None, None)
        self.add("marts.batch", batch_id=one.batch, therapy_order_id=order, recipient_subject_id=subject)
        self.add("marts.dose_unit", lot_id=one.lot, batch_id=one.batch)
        self.event("selection_completed", begun, {"batch_id": one.batch}, party=one.maker)
        for din in (one.partner.get("H08") or one).dins:
            self.add("intermediate.int_product_edge__resolved", edge_type="consume", parent_din_id=din, child_batch_id=one.batch)
        coi = None if self.is_unsaid() else one.order
        self.event("drug_product_filled", filled, {"batch_id": one.batch, "coi_id": coi}, party=one.maker)
        self.tested(one, filled, coi)
        given = self.box(one, ("H13", "H14"), one.maker, one.hospital, sscc=f"box-b-{one.number}", ready=filled)
        if given is None:
            return
        started = given + timedelta(hours=self.chance.lognormvariate(3.5, 0.5))
        into = one.partner.get("H14") or one
        administration = f"given-{one.number}"
        self.add("marts.administration", administration_id=administration, therapy_order_id=into.order, subject_id=into.subject)
        self.event("infusion_started", started, {"lot_id": one.lot, "administration_id": administration}, party=one.hospital)

    def collected(self, one: _Journey, din: str, ended: datetime) -> datetime:
        """A donation, frozen where the journey has a laboratory; when it is ready to be packed."""
        cells = self.chance.uniform(20, 60)
        collection = f"collection-{din}"
        self.add(
            "marts.collection", collection_id=collection, din_id=din, is_autologous=True, therapy_order_id=one.order,
            recipient_subject_id=one.subject, tnc_yield_10_9=None if self.is_unsaid() else round(cells, 1),
        )  # fmt: skip
        self.event("apheresis_completed", ended, {"din_id": din}, party=one.collector)
        if one.laboratory is None:
            return ended
        fault = one.fault.get("H05", "")
        hours = 48 + self.chance.uniform(2, 30) if fault == "late" else self.chance.uniform(1, 30)
        came = ended - timedelta(hours=self.chance.uniform(0.5, 12)) if fault == "clock_skew" else ended + timedelta(hours=hours)
        frozen = max(came, ended) + timedelta(hours=self.chance.uniform(1, 6))
        self.event("cryopreservation_started", frozen, {"din_id": din}, party=one.laboratory, is_own=False)
        self.add("marts.product", din_id=din, state_code="cryopreserved")
        counted = cells * (self.chance.uniform(0.3, 0.6) if fault == "count_mismatch" else min(1.05, self.chance.gauss(0.94, 0.05)))
        is_counted = not self.is_unsaid()
        if is_counted:
            at = self.said(came)
            self.add(
                "intermediate.int_measurement__resolved", measurement="product_tnc", din_id=din, party_id=one.laboratory,
                sample_id=f"sample-{din}", measurement_statement_id=f"count-{din}", occurred_at_utc=at, value=round(counted, 1),
            )  # fmt: skip
        gave = self.rows["marts.collection"][-1]["tnc_yield_10_9"] is not None
        is_shown = is_counted and (fault != "count_mismatch" or gave)
        self.note(("collection", collection), fault, is_shown=is_shown)
        return frozen

    def tested(self, one: _Journey, filled: datetime, own_coi: str | None) -> None:
        fault = one.fault.get("H10", "")
        coi = None if self.is_unsaid() else (one.partner.get("H10") or one).order
        days = self.chance.uniform(2, 20)
        at = filled - timedelta(hours=self.chance.uniform(0.5, 48)) if fault == "clock_skew" else filled + timedelta(days=days)
        if fault != "lost":
            self.event("qc_result_reported", at, {"batch_id": one.batch, "coi_id": coi}, party="tester")
        self.note(("batch", one.batch), fault, is_shown=fault != "identity_swap" or (coi is not None and own_coi is not None))

    def box(self, one: _Journey, kinds: tuple[str, str], origin: str, destination: str, *, sscc: str, ready: datetime) -> datetime | None:
        """What is packed, given to the courier and brought; when it came, None where it never did."""
        first, second = (one.fault.get(kind, "") for kind in kinds)
        is_dose = kinds[1] == "H14"
        limit_h = 240 if is_dose or one.laboratory else FRESH_H
        packed = ready + timedelta(hours=self.chance.lognormvariate(1.2, 0.4))
        left = packed + timedelta(hours=max(0.3, self.chance.lognormvariate(0.5, 0.5)))
        usual_h = min(limit_h - 6, self.chance.lognormvariate(3.4 if is_dose else 3, 0.5))
        came = left + timedelta(hours=limit_h + self.chance.uniform(2, 48) if second == "late" else usual_h)
        logger = f"logger-{sscc}" if self.chance.random() < 0.7 else None
        said_left, said_came = self.said(left), self.said(came)
        if second == "clock_skew":
            said_came = said_left - timedelta(hours=self.chance.uniform(0.5, 20))
        things = [{"lot_id": one.lot}] if is_dose else [{"din_id": din} for din in one.dins[: 1 if second == "count_mismatch" else None]]
        for thing in things:
            self.event("shipment_packed", packed, {"sscc_id": sscc, **thing}, party="courier", is_own=False)
        leaves = {"sscc_id": sscc, "to_party_id": "courier", "from_gln": f"gln-{origin}"}
        self.event("shipment_dispatched", said_left, leaves, party="courier", is_own=False, at_once=True)
        is_received = second != "lost" and (second == "clock_skew" or not self.is_unsaid())
        receipt = {"sscc_id": sscc, "to_gln": f"gln-{destination}", "logger_id": logger}
        if is_received:
            self.event("shipment_received", said_came, receipt, party="courier", at_once=True)
        if self.chance.random() < UNSAID:  # a receipt in error, taken back
            self.event("shipment_received", left - timedelta(days=1), receipt, party="courier", at_once=True, status="entered_in_error")
        if second == "lost" and self.chance.random() < 0.5:
            for thing in things:
                self.event("product_discarded", left + timedelta(days=3), thing, party="courier")
        is_fresh = limit_h == FRESH_H
        seen = is_received and logger is not None and self.read(logger, packed, came, is_fresh=is_fresh, is_warm=second == "temperature")
        form = self.form(kinds, (first, second), sscc, (packed, came), seen=seen, is_fresh=is_fresh)
        shown = {
            "seal_broken": bool(form),
            "papers_missing": bool(form),
            "temperature": bool(form) and (seen or bool(form["out_of_specification_min"])),
            "late": is_received,
            "identity_swap": (one if is_dose else one.partner.get("H08", one)).is_order_known,
        }
        self.note(("to_carrier", sscc), first, is_shown=shown.get(first, True))
        self.note(("by_carrier", sscc), second, is_shown=shown.get(second, True))
        return None if second == "lost" else came

    def read(self, logger: str, packed: datetime, came: datetime, *, is_fresh: bool, is_warm: bool) -> bool:
        """The logger's readings; whether two of them in a row show that it was too warm."""
        usual, warm = (5.0, 14.0) if is_fresh else (-180.0, -120.0)
        steps = int((came - packed).total_seconds() // 60 // STEP_MIN)
        first = self.chance.randrange(2, max(3, steps - 6))
        outside = set(range(first, first + self.chance.randrange(2, 5))) if is_warm else set()
        spike = self.chance.randrange(steps + 1) if not is_warm and self.chance.random() < 0.1 else None
        opened = self.chance.randrange(steps + 1) if self.chance.random() < 0.3 else None
        for step in range(steps + 1):
            is_open = step == opened and step not in outside
            at = packed + timedelta(minutes=STEP_MIN * step)
            value = warm if step in outside or step == spike or is_open else usual
            self.add(
                "intermediate.int_logger_reading__resolved", logger_id=logger, read_at_utc=at, probe="payload",
                temperature_c=round(value + self.chance.gauss(0, 0.5), 1), event_code="lid_opening" if is_open else None,
            )  # fmt: skip
        return is_warm and len(outside & set(range(steps + 1))) > 1

    def form(
        self, kinds: tuple[str, str], has: tuple[str, str], sscc: str, ends: tuple[datetime, datetime], *, seen: bool, is_fresh: bool
    ) -> dict[str, object]:
        """The custody record of a box with the faults that its two handoffs have; empty where there is none."""
        if self.is_unsaid():
            return {}
        first, second = has
        papers = {f"has_{station}_{paper}": True for station, of in PAPERS.items() for paper in of}
        for kind, fault, stations in zip(kinds, has, (("packed", "picked_up"), ("delivered", "received")), strict=True):
            if fault == "papers_missing":
                lost = self.chance.choice(NEEDED[kind])
                both = self.chance.random() < 0.5
                for station in stations if both else self.chance.sample(stations, 1):
                    papers[f"has_{station}_{lost}"] = False
        packed_seal = f"seal-{sscc}"
        picked_seal = f"other-{sscc}" if first == "seal_broken" and self.chance.random() < 0.5 else packed_seal
        received_seal = f"third-{sscc}" if second == "seal_broken" and self.chance.random() < 0.5 else picked_seal
        is_warm = second == "temperature"
        # a carrier that has no logger file cannot sum up; one that has may have summed up wrongly
        summed = self.chance.choice([90.0, 90.0, 0.0]) if is_warm and seen else 90.0 if is_warm else 0.0
        self.add(
            "intermediate.int_custody_record__resolved", custody_record_statement_id=f"form-{sscc}", sscc_id=sscc, packed_at_utc=ends[0],
            received_at_utc=ends[1] if second not in ("clock_skew", "lost") else None, qualified_hold_h=96.0 if is_fresh else 264.0,
            lower_limit_c=2.0 if is_fresh else None, upper_limit_c=8.0 if is_fresh else -150.0, lid_open_min=0.0,
            out_of_specification_min=summed if second != "lost" and not self.is_unsaid() else None,
            packed_seal_id=packed_seal, picked_up_seal_id=picked_seal, received_seal_id=received_seal if second != "lost" else None,
            is_seal_whole_at_pickup=first != "seal_broken" or picked_seal != packed_seal,
            is_seal_whole_at_receipt=second != "seal_broken" or received_seal != picked_seal, **papers,
        )  # fmt: skip
        return self.rows["intermediate.int_custody_record__resolved"][-1]

    # -- rows

    def is_unsaid(self) -> bool:
        return self.chance.random() < UNSAID

    def said(self, at: datetime) -> datetime:
        """As an honest clock has it, to the minute."""
        return (at + timedelta(minutes=self.chance.gauss(0, CLOCK_MIN))).replace(second=0, microsecond=0)

    def note(self, place: Place, fault: str, *, is_shown: bool) -> None:
        if fault and is_shown:
            self.injected[place] = fault
        elif fault:
            self.unseen.add(place)

    def event(
        self,
        kind: str,
        at: datetime,
        of: Mapping[str, str | None],
        *,
        party: str,
        is_own: bool = True,
        at_once: bool = False,
        status: str | None = None,
    ) -> None:
        """`of`: what it names; `is_own`: whether the record says that its author acted; `at_once`: `at` is what the clock showed."""
        self.count += 1
        name, said = f"event-{self.count}", at if at_once else self.said(at)
        given = {"from_party_id": party if is_own else None, **of}
        if given.get("sscc_id"):
            self.moved.append(said)
        self.add(
            "intermediate.int_event__resolved", event_statement_id=name, event_id=name, event_type=kind, status=status, party_id=party,
            occurred_at_utc=said, occurred_date=said.date(), **given,
        )  # fmt: skip
        self.add("marts.event", event_id=name, event_type=kind, occurred_at_utc=said, status_code=status)

    def add(self, table: str, **values: object) -> None:
        self.rows[table].append({name: values.get(name) for name in names(table)})
