"""Where one journey takes place: its parties, its stream of draws, and the numbers that are given out along it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from cgt_etl.simulator import numbers
from cgt_etl.simulator.calendar import SPAN_DAYS, START
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.parties import Network, Party, Product, Site
from cgt_etl.simulator.world.moving import Ledger
from cgt_etl.simulator.world.plan import Plan, plan

DONATIONS = 16
"""Donation numbers kept for each journey: cycles of 3 days, their pools, a second attempt; the last is an off-the-shelf donor's."""


@dataclass(frozen=True)
class Habits:
    """What is a little different at a party, drawn once for it."""

    ce2: float
    """Points of collection efficiency."""
    viability: float
    """Points of the drug product's viability."""
    log_fold: float


@lru_cache(maxsize=256)
def habits(seed: int, partner: str) -> Habits:
    draws = Draws.seeded(seed, "site", partner).random
    return Habits(draws.normalvariate(0, 1.5), draws.normalvariate(0, 0.6), draws.normalvariate(0, 0.06))


@dataclass
class Scene:
    """One journey's place and means; mutable only in the numbers that it has given out."""

    network: Network
    seed: int
    count: int
    number: int
    plan: Plan
    draws: Draws
    ledger: Ledger
    hospital: Party
    blood_centre: Party
    collection_site: Site
    """Of the blood centre."""
    registry: Party
    referred: date
    next_donation: int
    next_batch: int

    @classmethod
    def of(cls, network: Network, seed: int, count: int, number: int, *, off_the_shelf: bool = False) -> Scene:
        """The scene of a journey, or of the off-the-shelf batch whose first recipient it is."""
        laid_down = plan(number)
        if off_the_shelf:
            laid_down = replace(laid_down, wanted=frozenset())
        draws = Draws.seeded(seed, "off the shelf" if off_the_shelf else "journey", number)
        turn, place = divmod(number - 1, len(network.hospitals))
        hospital = network.hospitals[place]
        centre = network.party(hospital.collects_at)
        courier = network.party(hospital.courier) if hospital.courier else network.couriers[(number * 5 + place) % len(network.couriers)]
        return cls(
            network=network,
            seed=seed,
            count=count,
            number=number,
            plan=laid_down,
            draws=draws,
            ledger=Ledger(draws, laid_down.decide, courier, number, count, 6 if off_the_shelf else 0, int(off_the_shelf)),
            hospital=hospital,
            blood_centre=centre,
            collection_site=centre.sites[turn % len(centre.sites)],
            registry=network.registries[place % len(network.registries)],
            referred=START + timedelta(days=(number - 1) * (SPAN_DAYS // 2) // count),
            next_donation=DONATIONS - 1 if off_the_shelf else 0,
            next_batch=3 if off_the_shelf else 0,
        )

    def party(self, partner: str) -> Party:
        return self.network.party(partner)

    def laboratory(self, manufacturer: Party) -> Party:
        laboratories = self.network.laboratories
        return laboratories[self.network.manufacturers.index(manufacturer) % len(laboratories)]

    def product(self, modality: str) -> Product:
        """The product ordered: a quarter of autologous journeys get one whose sponsor takes frozen material alone."""
        fitting = [product for product in self.network.products if product.modality == modality]
        if self.plan.decide("withheld", False):
            fitting = [product for product in fitting if len(product.components) > 1]
        if modality == "auto_cart":
            frozen_only = (self.number // 2 + self.number // 20) % 4 == 0
            fitting = [product for product in fitting if product.frozen_only == frozen_only]
        return fitting[self.draws.random.randrange(len(fitting))]

    def donation(self, year: int) -> str:
        """The next donation number of the journey."""
        served = self.network.patients_of(self.blood_centre)
        turn = (self.number - 1) // len(self.network.hospitals) * len(served) + served.index(self.hospital)
        serial = turn * DONATIONS + self.next_donation
        self.next_donation += 1
        return numbers.donation_number(self.collection_site.facility, year, serial)

    def cord_donation(self, site: Site, year: int, place: int) -> str:
        """The donation number of a banked unit, first or second of the journey: of the blood centres' kind, from the end of the room."""
        return numbers.donation_number(site.facility, year, 999_999 - 2 * self.number - place)

    def batch(self, year: int) -> str:
        """The next batch number of the journey."""
        serial = self.number * 4 + self.next_batch
        self.next_batch += 1
        return f"B{year % 100}-{serial:05d}"

    @property
    def habits(self) -> Habits:
        return habits(self.seed, self.blood_centre.partner)
