"""What the stewards have decided: one file per decision in `$CGT_HOME/decisions`, added to and never changed.

    <id>.json    what (`same` or `apart` of two identifiers, or `undone`), which decisions it takes the place of, who, why, when

A file's name is the hash of what it says, so the set of files is what counts, in whatever order it is read: a decision is in force unless
another names it. No clock decides; `at` is there to be read. Identifiers are named by their release tokens (see `statements.Decision`), so
no value is in it but what a steward wrote. Imports nothing heavy: a night with nothing new reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from json import loads
from pathlib import Path
from typing import Literal, NamedTuple

from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.release import digest
from cgt_etl.settings import Settings

Says = Literal["same", "apart", "undone"]
_MEND = "Restore the file from a backup; a decision is taken back by `cgt-etl identity undo`, never by hand"


class Because(NamedTuple):
    """Who decided, why, and when (with a zone)."""

    who: str
    why: str
    at: datetime


@dataclass(frozen=True)
class Decided:
    """One decision. `one` < `other` are release tokens; `instead_of` are the decisions that it takes the place of."""

    says: Says
    one: str
    other: str
    who: str
    why: str
    at: str
    """ISO, UTC: for people. Nothing is ordered by it."""
    instead_of: tuple[str, ...] = ()
    about: str = ""
    """What the steward saw: rule or agreement, and rows; no values."""

    @property
    def id(self) -> str:
        return "d" + hashlib.sha256(self.text().encode()).hexdigest()[:16]

    @property
    def pair(self) -> tuple[str, str]:
        return self.one, self.other

    def text(self) -> str:
        """As JSON with sorted keys: the file."""
        return digest.json_text(asdict(self))

    def line(self) -> str:
        """For the terminal."""
        return f"{self.id}  {self.at}  {self.says}, by {self.who}: {self.why}"


def load(settings: Settings) -> list[Decided]:
    """Every decision ever made, by id.

    Raises:
        CgtError: a file is damaged or was changed by hand. Nothing may be built then: who is who would change without anybody saying so.
    """
    return sorted((_read(path) for path in settings.decisions.glob("*.json")), key=lambda one: one.id)


def in_force(made: Iterable[Decided]) -> list[Decided]:
    """Those that no other takes the place of, by id; of two on one pair (made at the same time, or brought together) the one that parts.

    Depends on the set alone.
    """
    left = _left(made)
    parted = {one.pair for one in left if one.says == "apart"}
    return [one for one in left if one.says == "apart" or one.pair not in parted]


def inputs(settings: Settings) -> dict[str, dict[str, str]]:
    """What a night rests on: id -> says, one, other of each decision in force. Who and why stay in the files."""
    return {one.id: {"says": one.says, "one": one.one, "other": one.other} for one in in_force(load(settings))}


def decide(settings: Settings, says: Literal["same", "apart"], pair: tuple[str, str], because: Because, about: str = "") -> Decided:
    """Write a decision on two identifiers, in the place of those in force on the same two. It counts from the next night on.

    Raises:
        CgtError: it does not say who decided or why, or the same is decided already.
    """
    one, other = sorted(pair)
    before = [made for made in _left(load(settings)) if made.pair == (one, other)]
    if [made.says for made in before] == [says]:
        raise CgtError(f"the same is decided already: {before[0].id}", remedy="`cgt-etl identity undo` takes a decision back")
    return _write(settings, says, (one, other), because, tuple(made.id for made in before), about)


def undo(settings: Settings, id_: str, because: Because) -> Decided:
    """Take a decision back: as if it had never been made. What it took the place of stays out of force.

    Raises:
        CgtError: no such decision is in force, or who and why are not said.
    """
    found = [made for made in _left(load(settings)) if made.id == id_]
    if not found:
        raise CgtError("no such decision is in force", remedy="`cgt-etl identity decisions` lists them")
    return _write(settings, "undone", found[0].pair, because, (id_,))


def problems(settings: Settings) -> list[str]:
    """What is wrong with the files, one sentence each."""
    found, made = [], []
    for path in sorted(settings.decisions.glob("*.json")):
        try:
            made.append(_read(path))
        except CgtError as error:
            found.append(error.what)
    known, left = {one.id for one in made}, _left(made)
    found += [f"{one.id} takes the place of {id_}, which is missing" for one in made for id_ in one.instead_of if id_ not in known]
    both = [(a.id, b.id) for a in left for b in left if a.pair == b.pair and (a.says, b.says) == ("apart", "same")]
    return found + [f"{apart} and {same} contradict each other; the first counts" for apart, same in both]


def _left(made: Iterable[Decided]) -> list[Decided]:
    """Those that no other takes the place of, by id."""
    listed = list(made)
    replaced = {id_ for one in listed for id_ in one.instead_of}
    return sorted((one for one in listed if one.id not in replaced and one.says != "undone"), key=lambda one: one.id)


def _write(  # noqa: PLR0917  the order of `Decided`
    settings: Settings, says: Says, pair: tuple[str, str], because: Because, instead_of: tuple[str, ...], about: str = ""
) -> Decided:
    who, why = because.who.strip(), because.why.strip()
    if not who or not why:
        raise CgtError("a decision says who decided and why", remedy="Give --who and --why")
    made = Decided(says, *pair, who, why, because.at.isoformat(timespec="seconds"), instead_of, about)
    durable.make_folder(settings.decisions, 0o700)
    durable.replace_file(settings.decisions / f"{made.id}.json", [made.text().encode()], 0o600)
    return made


def _read(path: Path) -> Decided:
    try:
        said = loads(path.read_text(encoding="utf-8"))
        made = Decided(**{**said, "instead_of": tuple(said["instead_of"])})
        if made.id == path.stem and made.one < made.other:
            return made
    except (OSError, ValueError, TypeError, KeyError):
        pass
    raise CgtError(f"decisions/{path.name} is not what was decided: it is damaged or was changed by hand", remedy=_MEND)
