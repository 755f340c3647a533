"""How things change hands: handoffs with their usual time, delay and fault, and shipments with shipper and logger."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from cgt_etl.simulator import numbers
from cgt_etl.simulator.calendar import START, later
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Handoff, Shipment
from cgt_etl.simulator.parties import Party, Site

HANDOFFS = Path(__file__).parents[2] / "vocabularies" / "handoffs.csv"
HOURS = {"min": 1 / 60, "h": 1.0, "d": 24.0}
P90 = 1.2815515594
"""Standard normal deviate of the 90th percentile."""
DELAYED = 0.06
"""Share of handoffs with an injected delay."""
CAUSES = {
    "H02": ("papers", "people"), "H03": ("papers", "courier"), "H04": ("people", "papers"), "H05": ("people",), "H07": ("courier",),
    "H08": ("courier",), "H09": ("waiting_for_batch", "capacity"), "H10": ("capacity",), "H11": ("capacity", "papers"),
    "H12": ("papers", "people"), "H13": ("courier", "people"), "H14": ("courier",), "H15": ("people",), "H16": ("papers", "people"),
    "H17": ("papers", "people"), "H18": ("courier",), "H19": ("courier",), "H20": ("courier", "waiting_for_batch"),
}  # fmt: skip
DELAY_H = {"waiting_for_batch": 60.0, "capacity": 48.0, "people": 10.0, "papers": 20.0, "courier": 14.0}
"""Typical delay by cause, hours; a bedside delay is a tenth of it."""
FAULTS = {
    "identity_swap": (0.003, ("H05", "H08", "H14", "H15")),
    "count_mismatch": (0.01, ("H05", "H08", "H18", "H20")),
    "seal_broken": (0.008, ("H08", "H14", "H18", "H20")),
    "papers_missing": (0.02, ("H02", "H07", "H08", "H12", "H13")),
    "clock_skew": (0.01, ("H04", "H08", "H10", "H14")),
    "lost": (0.01, ("H16",)),
}
"""Share of handoffs of the kinds named that have the fault."""
SHOWN_AT = "H08"
"""Where a journey of the head shows the fault or delay that is laid down for it."""
PHASE_DAYS, QUIET_DAYS = 40, 10
AIRLINES = ("176", "020", "125")


@cache
def _usual() -> dict[str, tuple[float, float]]:
    """Log-mean and log-deviation of the hours of each handoff, from its median and 90th percentile."""
    usual = {}
    with HANDOFFS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            median, high = (math.log(float(part.split()[0]) * HOURS[part.split()[1]]) for part in (row["p50"], row["p90"]))
            usual[row["handoff_id"]] = (median, (high - median) / P90)
    return usual


@dataclass
class Ledger:
    """The handoffs and shipments of one journey, in the order in which they are entered."""

    draws: Draws
    decide: Callable[[str, bool], bool]
    courier: Party
    """Carries all of the journey's shipments."""
    number: int
    count: int
    first_serial: int
    """Of its shipping numbers, 0 to 7 within the journey."""
    arm: int
    """0, or 1 for the making of an off-the-shelf batch: what travels at the same time never shares a logger."""

    def __post_init__(self) -> None:
        self.handoffs: list[Handoff] = []
        self.shipments: list[Shipment] = []

    def give(
        self,
        code: str,
        sender: Party,
        receiver: Party,
        objects: tuple[str, ...],
        sent: datetime,
        *,
        usual_h: float | None = None,
        fault: str = "",
    ) -> datetime:
        """Enters a handoff; the time at which the receiver has it, on the receiver's clock."""
        pick = self.draws.random
        if usual_h is None:
            median, deviation = _usual()[code]
            usual_h = math.exp(median + deviation * min(P90, pick.normalvariate(0, 1)))
        is_shown = code == SHOWN_AT
        delayed = pick.random() < DELAYED
        cause, delay_h = "", 0.0
        if self.decide("delay", delayed) if is_shown else delayed:
            cause = pick.choice(CAUSES[code])
            delay_h = round(self.draws.near(DELAY_H[cause] / (10 if code in ("H05", "H15") else 1), 0.4), 2)
        for name, (share, codes) in FAULTS.items():
            if not fault and code in codes:
                drawn = pick.random() < share
                fault = name if (self.decide(name, drawn) if is_shown else drawn) else ""
        received = later(sent, usual_h + delay_h, receiver.zone)
        self.handoffs.append(
            Handoff(
                code=code,
                number=len(self.handoffs) + 1,
                sender=sender.partner,
                receiver=receiver.partner,
                objects=objects,
                sent=sent,
                received=None if fault == "lost" else received,
                usual_h=round(usual_h, 2),
                delay_h=delay_h,
                cause="clock" if fault == "clock_skew" and not cause else cause,
                fault=fault,
            )
        )
        return received

    def ship(
        self, codes: tuple[str, str], origin: Party, destination: Party, contents: tuple[str, ...], ready: datetime, *,
        is_drug_product: bool, is_frozen: bool, transit_h: float, pickup_h: float | None = None, limit_c: float = -150.0,
        site: Site | None = None,
    ) -> Shipment:  # fmt: skip
        """Packs, hands to the courier and on to the destination; both handoffs are entered. `site` is the origin's, else its main one."""
        pick = self.draws.random
        packed = later(ready, 0.5 + pick.random(), origin.zone)
        picked_up = self.give(codes[0], origin, self.courier, contents, packed, usual_h=pickup_h)
        picked_up = picked_up.astimezone(origin.zone)
        limit = (-200.0, limit_c) if is_frozen else (2.0, 8.0)
        warm = self.decide("excursion", self.draws.happens("transit_excursion_p", "LN2"))
        delivered = self.give(
            codes[1], self.courier, destination, contents, picked_up, usual_h=transit_h, fault="temperature" if warm else ""
        )
        serial = self.number * 8 + self.first_serial + len(self.shipments)
        shipment = Shipment(
            sscc=numbers.shipping_container(serial),
            awb=numbers.air_waybill(AIRLINES[serial % len(AIRLINES)], serial),
            courier=self.courier.partner,
            origin=origin.partner,
            destination=destination.partner,
            origin_gln=(site or origin.sites[0]).gln,
            destination_gln=destination.gln,
            contents=contents,
            is_drug_product=is_drug_product,
            is_frozen=is_frozen,
            packed=packed,
            picked_up=picked_up,
            delivered=delivered,
            logger=self._logger(packed.date(), serial, 2 if codes[1] == "H20" else self.arm),
            shipper=f"{'DRY' if is_frozen else 'COOL'}-{pick.randrange(100, 999)}",
            hold_days=10.0 if is_frozen else 4.0,
            limit_c=limit,
            excursion_min=pick.randrange(10, 90) if warm else 0,
            excursion_c=round(limit[1] + pick.uniform(1.5, 14), 1) if warm else 0.0,
            lid_opened=later(delivered, pick.randrange(1, 10) / 60) if pick.random() < 0.7 else None,
            gap_min=pick.randrange(30, 240) if pick.random() < 0.05 else 0,
            has_second_signature=not self.draws.happens("missing_second_signature_p", "custody"),
            logger_seed=f"logger/{serial}",
        )
        self.shipments.append(shipment)
        return shipment

    def _logger(self, packed: date, serial: int, arm: int) -> str:
        """A serial number that other journeys use too, never at the same time.

        Every 40 days the loggers pass to other journeys; in the last days before that only spare ones are sent, so none is still under way.
        """
        phase, day = divmod((packed - START).days, PHASE_DAYS)
        if day >= PHASE_DAYS - QUIET_DAYS:
            return f"LS{100_000 + serial}"
        owner = (self.number + phase * (self.count // 4 + 1)) % self.count
        return f"LT{10_000 + owner * 3 + arm}"
