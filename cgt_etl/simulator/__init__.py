"""A seeded generator of partner deliveries with their sealed truth; it knows nothing of the pipeline that reads them."""

from cgt_etl.simulator.sample import simulate

__all__ = ["simulate"]
