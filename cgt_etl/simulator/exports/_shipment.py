"""What a courier knows of a shipment, in whatever format: the temperatures of the way. No layout."""

from __future__ import annotations

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Shipment


def extremes_c(shipment: Shipment, draws: Draws) -> tuple[float, float]:
    """Lowest and highest temperature of the way, Celsius."""
    low, high = shipment.limit_c
    spread = (high - low) / 10
    lowest = draws.random.uniform(low + spread, low + 2 * spread)
    highest = shipment.excursion_c if shipment.excursion_min else draws.random.uniform(high - 2 * spread, high - spread)
    return lowest, highest


def fahrenheit(celsius: float) -> float:
    return celsius * 9 / 5 + 32
