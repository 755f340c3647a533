"""What people did about findings, and what they dispute: one file per entry in `$CGT_HOME/actions`, added to and never changed.

    <id>.json    an action, a dispute of a finding, or the answer to a dispute; who, why, when

A file's name is the hash of what it says, so the set of files is what counts, in whatever order it is read; `at` is there to be read.
Nothing here changes a release: a disputed finding stays where it is, and what is said of it stands beside it. Holds no verdict (`loop`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from json import loads
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, TypeVar, get_args

from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.release import digest
from cgt_etl.settings import Settings

Ruling = Literal["upheld", "dismissed"]
RULINGS: tuple[Ruling, ...] = get_args(Ruling)
_MEND = "Restore the file from a backup; an entry is answered by another, never changed by hand"


class Because(NamedTuple):
    """Who says so, why, and when (with a zone)."""

    who: str
    why: str
    at: datetime


@dataclass(frozen=True)
class Entry:
    """What every entry says. `at`: ISO, UTC, for people; nothing is ordered by it but what people read."""

    kind: ClassVar[str]
    finding: str
    who: str
    why: str
    at: str

    @property
    def id(self) -> str:
        return self.kind[0] + hashlib.sha256(self.text().encode()).hexdigest()[:16]

    def text(self) -> str:
        """As JSON with sorted keys: the file."""
        return digest.json_text({"kind": self.kind, **asdict(self)})


@dataclass(frozen=True)
class Action(Entry):
    """Something done about a finding."""

    kind: ClassVar[str] = "action"
    transition: str
    """Whose hours it is to change, with `site`: as in `cases.finished`."""
    site: str
    owner: str
    done: str
    expected: float
    """Change of hours hoped for, as a share: -0.4 for forty per cent fewer."""
    start: str
    """ISO date (UTC) from which it holds."""
    window_days: int
    """Cases begun within so many days of the start are judged."""

    def line(self) -> str:
        """For the terminal."""
        hoped = f"{100 * self.expected:+.0f} % hours from {self.start} on, within {self.window_days} days"
        return f"{self.id}  {self.at}  action of {self.owner} on {self.transition}@{self.site}: {self.done}; expects {hoped}; {_by(self)}"


@dataclass(frozen=True)
class Dispute(Entry):
    """Somebody says that a finding is wrong; `why` is the reason."""

    kind: ClassVar[str] = "dispute"

    def line(self) -> str:
        """For the terminal."""
        return f"{self.id}  {self.at}  disputed, {_by(self)}"


@dataclass(frozen=True)
class Reply(Entry):
    """The answer to a dispute: it is upheld (the finding was wrong) or dismissed. `finding` is the dispute's."""

    kind: ClassVar[str] = "reply"
    dispute: str
    ruling: Ruling

    def line(self) -> str:
        """For the terminal."""
        return f"{self.id}  {self.at}  {self.dispute} is {self.ruling}, {_by(self)}"


KINDS: dict[str, type[Action | Dispute | Reply]] = {one.kind: one for one in (Action, Dispute, Reply)}
Said = Action | Dispute | Reply
T = TypeVar("T", Action, Dispute, Reply)


def load(settings: Settings) -> list[Said]:
    """Every entry ever made, by id.

    Raises:
        CgtError: a file is damaged or was changed by hand.
    """
    return sorted((_read(path) for path in settings.actions.glob("*.json")), key=lambda one: one.id)


def act(
    settings: Settings,
    because: Because,
    *,
    finding: str,
    transition: str,
    site: str,
    owner: str,
    done: str,
    expected: float,
    start: date,
    window_days: int,
) -> Action:
    """Write down an action.

    Raises:
        CgtError: who, why, owner or what was done is not said; the expected change is not between -1 and 0 (the verdict asks whether hours
            fell), or the window is empty; or the same is written already.
    """
    if not owner.strip() or not done.strip():
        raise CgtError("an action says who owns it and what was done", remedy="Give --owner and --done")
    if not -1 < expected < 0:
        raise CgtError("an action expects fewer hours: a share between -1 and 0", remedy="Give --expected, -0.4 for forty per cent fewer")
    if window_days < 1:
        raise CgtError("a window is at least a day", remedy="Give --window")
    said = (finding, *_because(because), transition, site, owner.strip(), done.strip(), expected, start.isoformat(), window_days)
    return _write(settings, Action(*said))


def dispute(settings: Settings, because: Because, finding: str) -> Dispute:
    """Write down that a finding is disputed. The finding stays.

    Raises:
        CgtError: who and why are not said, or the same is written already.
    """
    return _write(settings, Dispute(finding, *_because(because)))


def answer(settings: Settings, because: Because, disputed: str, ruling: Ruling) -> Reply:
    """Answer a dispute that nobody has answered; one who still disagrees disputes again.

    Raises:
        CgtError: there is no such dispute or it is answered, or who and why are not said.
    """
    made = load(settings)
    found = next((one for one in made if isinstance(one, Dispute) and one.id == disputed), None)
    if found is None:
        raise CgtError("there is no such dispute", remedy="`cgt-etl actions list` names them")
    if any(isinstance(one, Reply) and one.dispute == disputed for one in made):
        raise CgtError("the dispute is answered already", remedy="Who still disagrees disputes the finding again")
    return _write(settings, Reply(found.finding, *_because(because), disputed, ruling))


def of_finding(made: Iterable[Said]) -> dict[str, list[Said]]:
    """Finding -> what was said of it, as people read it: in order of `at`, an answer after its dispute."""
    listed: dict[str, list[Said]] = {}
    for one in sorted(made, key=lambda one: (one.at, isinstance(one, Reply), one.id)):
        listed.setdefault(one.finding, []).append(one)
    return listed


def problems(settings: Settings) -> list[str]:
    """What is wrong with the files, one sentence each."""
    found, made = [], []
    for path in sorted(settings.actions.glob("*.json")):
        try:
            made.append(_read(path))
        except CgtError as error:
            found.append(error.what)
    known = {one.id for one in made}
    return found + [
        f"{one.id} answers {one.dispute}, which is missing" for one in made if isinstance(one, Reply) and one.dispute not in known
    ]


def _because(because: Because) -> tuple[str, str, str]:
    who, why = because.who.strip(), because.why.strip()
    if not who or not why:
        raise CgtError("an entry says who made it and why", remedy="Give --who and --why")
    return who, why, because.at.isoformat(timespec="seconds")


def _by(entry: Entry) -> str:
    return f"by {entry.who}: {entry.why}"


def _write(settings: Settings, made: T) -> T:
    path = settings.actions / f"{made.id}.json"
    if path.exists():
        raise CgtError(f"the same is written already: {made.id}")
    durable.make_folder(settings.actions, 0o700)
    durable.replace_file(path, [made.text().encode()], 0o600)
    return made


def _read(path: Path) -> Said:
    try:
        said = loads(path.read_text(encoding="utf-8"))
        kind = KINDS[said.pop("kind")]
        if said.keys() == {one.name for one in fields(kind)} and (made := kind(**said)).id == path.stem:
            return made
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass
    raise CgtError(f"actions/{path.name} is not what was written: it is damaged or was changed by hand", remedy=_MEND)
