"""Every question ever answered, append-only: each file names the one before by its hash; and what they cost together.

`released/0001.json` goes to everybody. `hub/0001.json` says who asked, from which release, and who was left out: it never leaves the hub.
Answers nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from cgt_etl.egress.collective.ledger import FIRST, TamperedLedger
from cgt_etl.egress.questions.answer import Answer
from cgt_etl.egress.questions.estimate import Figure
from cgt_etl.egress.rights.everybody import Refusal
from cgt_etl.errors import CgtError
from cgt_etl.landing import durable

QUARTER_RHO = Fraction(1, 10)
"""Of a population, in a quarter: twelve questions."""
LIFETIME_RHO = Fraction(1)
"""Of a population, ever: 125 questions. epsilon 8.4 at delta 1e-6."""
EACH = 2
"""Questions that one partner may ask in a quarter: one who asks a lot must not use up what the others could ask."""
_MEND = "Bring the folder back from a backup; nothing is answered on a ledger that was changed"


class Entry(NamedTuple):
    """A question and its answer."""

    question: str
    population: str
    quarter: str
    catalogue: str
    """Its version."""
    rho: Fraction
    answer: Answer
    asked_by: str
    """Partner; of the hub alone, as is what follows."""
    release_id: str
    refused: tuple[Refusal, ...] = ()


class Ledger:
    """The ledger in a folder. `key` is the hub's: it marks what everybody does not see."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder, self._released, self._hub, self._key = folder, folder / "released", folder / "hub", key

    @property
    def head(self) -> str:
        """Hash of the last answer: whoever wrote it down can tell whether answers were taken off the end."""
        names = self._names()
        return _hash((self._released / names[-1]).read_bytes()) if names else FIRST

    def read(self) -> list[Entry]:
        """Every entry in order.

        Raises:
            TamperedLedger: a file was changed, taken out or put in; says which.
        """
        entries: list[Entry] = []
        before = FIRST
        for number, name in enumerate(self._names(), start=1):
            try:
                written, behind = (self._released / name).read_bytes(), (self._hub / name).read_bytes()
                said, kept = json.loads(written), json.loads(behind)
                entries.append(_entry(said, kept))
                told = _said(entries[-1])
                is_whole = (name, said["previous"], kept["told"]) == (_name(number), before, _hash(_canonical(told)))
                is_whole = is_whole and hmac.compare_digest(said["behind"], self._mark(behind))
                is_whole = is_whole and written == _canonical(told | {one: said[one] for one in ("previous", "behind")})
            except (OSError, ValueError, TypeError, KeyError):
                is_whole = False
            if not is_whole:
                raise TamperedLedger("an answer is not what was written, or not where it was", file=name, remedy=_MEND)
            before = _hash(written)
        return entries

    def append(self, entry: Entry) -> str:
        """Write an entry to the end and return its hash. It is out once its file in `released` is there, and not before.

        Raises:
            TamperedLedger: the ledger so far is not what was written.
        """
        name = _name(len(self.read()) + 1)
        for folder, mode in ((self._released, 0o755), (self._hub, 0o700)):
            durable.make_folder(folder, mode)
        told = _said(entry)
        kept = {"asked_by": entry.asked_by, "release": entry.release_id, "refused": entry.refused, "told": _hash(_canonical(told))}
        behind = _canonical(kept)
        durable.replace_file(self._hub / name, [behind], 0o600, root=self._folder)
        said = told | {"previous": self.head, "behind": self._mark(behind)}
        durable.replace_file(self._released / name, [_canonical(said)], root=self._folder)
        return self.head

    def _names(self) -> list[str]:
        return sorted(path.name for path in self._released.glob("*.json"))

    def _mark(self, written: bytes) -> str:
        return hmac.new(self._key, written, hashlib.sha256).hexdigest()


def answered(entries: list[Entry], question: str, quarter: str) -> Entry | None:
    """The entry of a question that was answered for that quarter."""
    return next((one for one in entries if (one.question, one.quarter) == (question, quarter)), None)


def spent(entries: list[Entry], population: str, quarter: str | None = None) -> Fraction:
    """What the answers about a population cost together, in a quarter or ever: costs of zero-concentrated privacy add up."""
    return sum((one.rho for one in entries if one.population == population and quarter in (None, one.quarter)), Fraction(0))


def demand_room(entries: list[Entry], population: str, quarter: str, asked_by: str, rho: Fraction) -> None:
    """Refuse a question for which nothing is left to spend.

    Raises:
        CgtError: the quarter is not the last one asked about or a later one, or its budget, the population's, or the partner's part of
            the quarter is spent.
    """
    if entries and quarter < entries[-1].quarter:
        raise CgtError(f"questions are answered about {entries[-1].quarter} already", remedy="Ask about that quarter or a later one")
    if sum(one.asked_by == asked_by and one.quarter == quarter for one in entries) >= EACH:
        raise CgtError(f"the partner has asked {EACH} questions about the quarter", remedy="Ask about the next quarter")
    if spent(entries, population, quarter) + rho > QUARTER_RHO:
        raise CgtError("the quarter's privacy budget is spent", remedy="Ask about the next quarter")
    if spent(entries, population) + rho > LIFETIME_RHO:
        raise CgtError("the population's privacy budget is spent", remedy="See docs/sandboxes.md: nothing more is answered about it")


def _said(entry: Entry) -> dict[str, Any]:
    told = entry.answer
    return {
        "question": entry.question,
        "population": entry.population,
        "quarter": entry.quarter,
        "catalogue": entry.catalogue,
        "rho": str(entry.rho),
        "is_withheld": told.is_withheld,
        "subjects": told.subjects,
        "figures": [figure._asdict() for figure in told.figures],
    }


def _entry(said: dict[str, Any], behind: dict[str, Any]) -> Entry:
    told = Answer(said["is_withheld"], said["subjects"], tuple(Figure(**one) for one in said["figures"]))
    refused = tuple(Refusal(*one) for one in behind["refused"])
    return Entry(
        said["question"],
        said["population"],
        said["quarter"],
        said["catalogue"],
        Fraction(said["rho"]),
        told,
        behind["asked_by"],
        behind["release"],
        refused,
    )


def _name(number: int) -> str:
    return f"{number:06d}.json"


def _canonical(said: object) -> bytes:
    return (json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n").encode()


def _hash(written: bytes) -> str:
    return hashlib.sha256(written).hexdigest()
