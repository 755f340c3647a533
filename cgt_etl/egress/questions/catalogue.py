"""What can be asked, as data: outcomes, exposures and times, each a closed comparison of categories; and a question made of them.

Nothing else can be asked by anybody. Touches no rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from cgt_etl.contracts.closed import Closed, Slug
from cgt_etl.contracts.load import read_yaml, validated
from cgt_etl.errors import CgtError

FILE = Path(__file__).parent / "catalogue.yaml"
MOST_EXPOSURES = 3
"""Of a model: each further one is answered with more noise."""
Categories = Annotated[tuple[str, ...], Field(min_length=1)]
Columns = Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$")], ...], Field(min_length=1)]
Kind = Literal["contrast", "model", "incidence"]
KINDS: tuple[Kind, ...] = ("contrast", "model", "incidence")


class Comparison(Closed):
    """A property that a subject has or has not: 1 for the categories of `has`, 0 for those of `against`, left out for any other."""

    name: Slug
    means: Annotated[str, Field(min_length=3)]
    dimension: Slug
    has: Categories
    against: Categories
    reads: Columns
    """Released columns, as `table.column`."""

    @model_validator(mode="after")
    def _apart(self) -> Comparison:
        _once(*self.has, *self.against)
        return self

    @property
    def levels(self) -> tuple[Categories, ...]:
        """Categories of 0, categories of 1."""
        return (self.against, self.has)


class Time(Closed):
    """A time to an event, in coarse bands."""

    name: Slug
    means: Annotated[str, Field(min_length=3)]
    dimension: Slug
    bands: Annotated[tuple[str, ...], Field(min_length=2, max_length=6)]
    """In order, each up to the begin of the next."""
    never: Categories
    reads: Columns

    @model_validator(mode="after")
    def _apart(self) -> Time:
        _once(*self.bands, *self.never)
        return self

    @property
    def levels(self) -> tuple[Categories, ...]:
        """Categories of each band, then those of never."""
        return (*((band,) for band in self.bands), self.never)


class Question(NamedTuple):
    """What is asked. Two questions in the same words are the same question."""

    kind: Kind
    outcome: Comparison | Time
    exposures: tuple[Comparison, ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome.name} by {', '.join(one.name for one in self.exposures)}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The released columns behind it."""
        return tuple(sorted({column for one in (self.outcome, *self.exposures) for column in one.reads}))


class Catalogue(Closed):
    """Everything that can be asked."""

    version: Annotated[str, Field(min_length=1)]
    purpose: Slug
    """Of the sharing policy: what the consents of everybody counted cover."""
    use: str
    """What agreements must permit, as a DUO term; see `egress.rights.duo.purpose`."""
    population: Slug
    """Of the rows of the collective tables: a subject has one row."""
    contributor_role: Slug
    """Of the parties that contribute to that population."""
    outcomes: Annotated[tuple[Comparison, ...], Field(min_length=1)]
    exposures: Annotated[tuple[Comparison, ...], Field(min_length=1)]
    times: tuple[Time, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> Catalogue:
        _once(*(one.name for one in self._every))
        return self

    @property
    def populations(self) -> tuple[str, ...]:
        return (self.population,)

    @property
    def _every(self) -> Iterator[Comparison | Time]:
        yield from self.outcomes
        yield from self.exposures
        yield from self.times

    def question(self, kind: str, outcome: str, exposures: tuple[str, ...]) -> Question:
        """The question in these words; the order of exposures says nothing.

        Raises:
            CgtError: there is no such kind, outcome or exposure, or the kind does not take them.
        """
        asking = next((one for one in KINDS if one == kind), None)
        if asking is None:
            raise CgtError("there is no such kind of question", remedy=f"Ask one of {', '.join(KINDS)}")
        of: tuple[Comparison, ...] | tuple[Time, ...] = self.times if asking == "incidence" else self.outcomes
        known: dict[str, Comparison | Time] = {one.name: one for one in of}
        by = {one.name: one for one in self.exposures}
        for part, name, choice in (("outcome", outcome, list(known)), *(("exposure", one, list(by)) for one in exposures)):
            if name not in choice:
                remedy = f"Ask for {', '.join(choice) or 'another kind'}"
                raise CgtError(f"the catalogue has no such {part} for a question of kind {asking}", remedy=remedy)
        fewest, most = (2, MOST_EXPOSURES) if kind == "model" else (1, 1)
        if not fewest <= len(exposures) <= most:
            raise CgtError(
                f"a question of kind {kind} takes {fewest if fewest == most else f'{fewest} to {most}'} exposures", remedy="Ask it so"
            )
        asked = Question(asking, known[outcome], tuple(by[name] for name in sorted(exposures)))
        dimensions = [asked.outcome.dimension, *(one.dimension for one in asked.exposures)]
        if len(set(dimensions)) < len(dimensions):
            raise CgtError("a question uses each dimension once", remedy="Ask for exposures of other dimensions")
        return asked


def load(path: Path = FILE) -> Catalogue:
    """The catalogue in a YAML file.

    Raises:
        DeclarationError: it says what no catalogue may say.
    """
    return validated(Catalogue, read_yaml(path), path, "")


def _once(*names: str) -> None:
    if len(set(names)) < len(names):
        raise ValueError("a name or a category stands twice")
