"""What a ward sees of a release syndrome and of neurotoxicity after an infusion, part by part, as its flowsheet writes it.

No resource and no message: the codes and words are those of the flowsheet, in whatever a hospital's system sends it. Which findings make
which grade is the consensus of Lee et al. 2019, told here once more and apart from the pipeline's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cgt_etl.simulator.exports import _chart as chart
from cgt_etl.simulator.model import Administration, Journey

CODES = {
    "BPSUP": "HYPOTENSION SUPPORT",
    "O2SUP": "OXYGEN",
    "ICE": "ICE SCORE",
    "LOC": "CONSCIOUSNESS",
    "SEIZ": "SEIZURE",
    "MOTOR": "MOTOR WEAKNESS",
    "EDEMA": "CEREBRAL OEDEMA",
}
"""Code of an observation -> its text. ICE is a score, the others have words for answers."""
SCORE, SCORE_UNIT = "ICE", "{score}"
ADULT_SCORE_FROM = 12
"""Years; of younger patients this ward takes no score."""
ROUTINE = (0, 7, 14)
"""Days on which everybody is seen."""
CIRCULATION: tuple[tuple[str, str], ...] = (("NONE", "NONE"), ("NONE", "NONE"), ("FLUID", "NC"), ("VP1", "NC"), ("VP2", "VENT"))
MIND: tuple[tuple[str, str, str], ...] = (
    ("10", "ALERT", "NONE"), ("8", "SPONT", "NONE"), ("5", "VOICE", "NONE"), ("1", "TOUCH", "RESOLVED"), ("0", "NONE", "PROLONGED"),
)  # fmt: skip
"""By grade: hypotension and oxygen; score, consciousness and seizure."""


@dataclass(frozen=True)
class Seen:
    """One observation."""

    code: str
    at: datetime
    answer: str
    """A word of the flowsheet, or the digits of a score."""
    scale: str
    """crs or icans."""
    grade: int
    """Of the day, as all its parts give it."""


def seen(journey: Journey, given: Administration) -> Iterator[Seen]:
    """On the routine days and those of each syndrome, until the patient dies; nothing after a graft."""
    if given.arm == "graft":
        return
    for after in sorted({*ROUTINE, *chart.days_of_fever(journey.outcome), *chart.days_of_confusion(journey.outcome)}):
        at = chart.at(journey, given.started.date() + timedelta(days=after), 6)
        if journey.outcome.died and at.date() >= journey.outcome.died:
            return
        crs = journey.outcome.crs_grade if after in chart.days_of_fever(journey.outcome) else 0
        for code, answer in zip(("BPSUP", "O2SUP"), CIRCULATION[crs], strict=True):
            yield Seen(code, at, answer, "crs", crs)
        icans = journey.outcome.icans_grade if after in chart.days_of_confusion(journey.outcome) else 0
        score, awake, seizure = MIND[icans]
        born = journey.patient.born
        if at.year - born.year - ((at.month, at.day) < (born.month, born.day)) >= ADULT_SCORE_FROM:
            yield Seen("ICE", at, score, "icans", icans)
        yield Seen("LOC", at, awake, "icans", icans)
        if icans:
            for code, answer in (("SEIZ", seizure), ("MOTOR", "NONE"), ("EDEMA", "NONE")):
                yield Seen(code, at, answer, "icans", icans)
