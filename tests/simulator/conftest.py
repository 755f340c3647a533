"""The small truth of `scored` and the release that tells it, by name, for the tests of the scorer."""

from tests.simulator.scored import build, truth

__all__ = ["build", "truth"]
