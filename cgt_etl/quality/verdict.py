"""What the gate said, in plain values: no clock, no data value, the same for the same build."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Effect = Literal["block", "warn"]


@dataclass(frozen=True)
class Result:
    """One expectation. It looked at `examined` rows of aggregates, of which `failing` were not as expected."""

    suite: str
    expectation: str
    """Great Expectations' name of it."""
    rule_id: str
    title: str
    effect: Effect
    """Stops the release, or only says so."""
    table: str
    """What failed: names of tables, links, rules or quantities; where nothing failed, what the suite looks at."""
    column: str
    """Column of the aggregate."""
    success: bool
    examined: int
    failing: int
    observed: float | None
    """The worst failing value of the aggregate: a count, rate or median of the whole table; None where nothing failed."""
    is_engine_error: bool
    """It could not be evaluated; that is no statement about the data, and closes the gate all the same."""

    def sentence(self) -> str:
        """For people."""
        if self.is_engine_error:
            return f"{self.rule_id} {self.title}: could not be evaluated ({self.suite}), which closes the gate"
        return f"{self.rule_id} {self.title}: {'holds' if self.success else f'does not hold for {self.table}'} ({self.effect})"


@dataclass(frozen=True)
class Verdict:
    """The gate's answer. `results` in the order of the suites."""

    results: tuple[Result, ...]

    @property
    def is_open(self) -> bool:
        """Something was judged, everything could be evaluated, and no `block` expectation failed."""
        return bool(self.results) and not self.closing

    @property
    def closing(self) -> tuple[Result, ...]:
        """The results that stop the release."""
        return tuple(r for r in self.results if r.is_engine_error or (r.effect == "block" and not r.success))

    @property
    def warnings(self) -> tuple[Result, ...]:
        """The results that do not hold and do not stop the release."""
        return tuple(r for r in self.results if not r.success and r not in self.closing)

    def said(self) -> dict[str, Any]:
        """As JSON."""
        return {"is_open": self.is_open, "results": [asdict(result) for result in self.results]}
