"""What a hospital measures of a patient, and when, before anybody writes it down: the same whatever a hospital's system says it in.

No resource, no message, no code system: an export gives each test its code and its unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Administration, Collection, Journey, Outcome

Change = Literal["", "corrected", "taken_back"]
CORRECTED, MISTAKEN = 0.08, 0.05
"""Shares of patients with a platelet count that is corrected, or a lymphocyte count that is taken back, a night later."""
FIRST_REPORTED = 3
"""What a platelet count that is corrected was first reported as: so much more, 10*9/L."""
MONOCYTES = 0.3
"""White cells that are neither, 10*9/L, at least."""
FOLLOW_UP = (0, 1, 2, 3, 5, 7, 10, 14, 21, 28)
COUNTED_AGAIN = (0, 7, 14, 21, 28)
"""Days of follow-up, besides those of a fever; those with a blood count."""
FEVER_DAYS, CONFUSION_AFTER, CONFUSION_DAYS = 4, 2, 3
"""How long a release syndrome lasts; from its onset to a neurotoxicity, and how long that lasts. Chosen."""
TYPICAL: dict[str, tuple[float, float]] = {
    "wbc": (5.5, 0.25),
    "hgb": (11, 0.1),
    "plt": (140, 0.25),
    "anc": (3.2, 0.3),
    "ldh": (260, 0.3),
    "ferritin": (700, 0.4),
    "creatinine": (0.9, 0.15),
}
"""Typical value and relative spread: 10*9/L, haemoglobin g/dL, lactate dehydrogenase U/L, ferritin ng/mL, creatinine mg/dL."""


@dataclass(frozen=True)
class Result:
    """One value of one test; of T cell subsets, one of three."""

    test: str
    """A name of `TYPICAL`, or alc (10*9/L), crp (mg/L), temperature (Cel), weight (kg), height (cm), cd3, cd4, cd8 (cells/uL)."""
    at: datetime
    value: float
    comparator: str = ""
    change: Change = ""
    """What becomes of it a night later."""


def at(journey: Journey, day: date, hour: int, minute: int = 0) -> datetime:
    """On the clocks of the journey's hospital."""
    return datetime.combine(day, time(hour, minute), tzinfo=journey.hospital.zone)


def baseline(journey: Journey, run: Collection | None, draws: Draws) -> Iterator[Result]:
    """The morning of the first collection, or the week after referral; one blood, which two laboratories count alike."""
    day = run.started.date() if run else journey.referred + timedelta(days=7)
    if journey.outcome.died and day > journey.outcome.died:
        return
    drawn = at(journey, day, 7, 30)
    counts = {test: draws.near(typical, spread) for test, (typical, spread) in TYPICAL.items()}
    lymphocytes = journey.features.lymphocytes or draws.number("pb_alc", "patient")
    if run:
        counts["hgb"] = draws.near(run.haemoglobin[0], 0.02)
        counts["plt"] = draws.near(run.platelets[0], 0.04)
        lymphocytes = max(lymphocytes, run.pre_cd3 / 1000 * 1.1)
    counts["wbc"] = max(counts["wbc"], counts["anc"] + lymphocytes + MONOCYTES)
    is_corrected, is_mistaken = draws.chance(CORRECTED), draws.chance(MISTAKEN)
    for test, value in counts.items():
        yield Result(test, drawn, round(value, 1), change="corrected" if test == "plt" and is_corrected else "")
    yield Result("alc", drawn, round(lymphocytes, 2), change="taken_back" if is_mistaken else "")
    yield Result("crp", drawn, draws.near(12, 0.5))
    yield Result("weight", drawn, journey.patient.weight_kg)
    yield Result("height", drawn, journey.patient.height_cm)
    if run and run.is_autologous:
        ratio = journey.features.cd4_cd8_ratio
        cd8 = run.pre_cd3 * 0.95 / (1 + ratio)
        for test, count in (("cd3", run.pre_cd3), ("cd4", cd8 * ratio), ("cd8", cd8)):
            yield Result(test, drawn, round(count))


def days_of_fever(outcome: Outcome) -> range:
    """Days after the infusion on which there is a release syndrome."""
    first = outcome.crs_onset_day
    return range(0) if first is None else range(first, first + FEVER_DAYS)


def days_of_confusion(outcome: Outcome) -> range:
    """Days after the infusion on which there is a neurotoxicity, which begins after a release syndrome or on a day of its own."""
    first = (outcome.crs_onset_day or 0) + CONFUSION_AFTER
    return range(first, first + CONFUSION_DAYS) if outcome.icans_grade else range(0)


def follow_up(journey: Journey, given: Administration, draws: Draws) -> Iterator[Result]:
    """Mornings from the infusion on, until the patient dies."""
    outcome = journey.outcome
    fever = days_of_fever(outcome)

    def typically(test: str, factor: float) -> Result:
        typical, spread = TYPICAL[test]
        return Result(test, drawn, round(draws.near(typical * factor, spread), 1))

    for after in sorted({*FOLLOW_UP, *fever}):
        drawn = at(journey, given.started.date() + timedelta(days=after), 6)
        if outcome.died and drawn.date() >= outcome.died:
            return
        is_feverish = after in fever
        yield Result("crp", drawn, draws.near(90 if is_feverish else 10, 0.3))
        if is_feverish and outcome.crs_grade >= 3:
            yield Result("ferritin", drawn, 40000, ">")
        else:
            yield typically("ferritin", 8 if is_feverish else 1)
        yield Result("temperature", drawn, round(draws.near(38.9 if is_feverish else 36.8, 0.006), 1))
        if after in COUNTED_AGAIN:
            for test, factor in (("anc", 0.1 if after == 7 else 0.5), ("plt", 0.6), ("hgb", 0.85)):
                yield typically(test, factor)
        if after == 0:
            yield Result("weight", drawn, journey.patient.weight_kg)
