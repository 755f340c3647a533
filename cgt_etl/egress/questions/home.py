"""The questions of a home: ask one over one of its releases, and what was answered. Holds no protection of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import polars as pl

from cgt_etl.egress.collective.engine import Quarter
from cgt_etl.egress.peer_places import LEAST_CONTRIBUTORS
from cgt_etl.egress.questions import features
from cgt_etl.egress.questions.answer import RHO, answer, exact
from cgt_etl.egress.questions.catalogue import load
from cgt_etl.egress.questions.ledger import Entry, Ledger, answered, demand_room
from cgt_etl.egress.rights.everybody import Decide, partners, permitted
from cgt_etl.errors import CgtError
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.lease import lease
from cgt_etl.release import read
from cgt_etl.settings import Settings


class Asked(NamedTuple):
    """A question in words, as the catalogue names them."""

    kind: str
    outcome: str
    exposures: tuple[str, ...]
    by: str
    """The partner that asks."""
    begin: date
    """First day of the quarter; rows are as of that day."""


@dataclass(frozen=True)
class Done:
    """An answer as everybody gets it."""

    entry: Entry
    is_new: bool
    """False where the question was answered for that quarter before: what was said then is said again, and costs nothing."""
    head: str
    """The hash with which the ledger now ends."""


def ask(settings: Settings, asked: Asked, decide: Decide, release_id: str | None = None) -> Done:
    """Answer a question over a release of this home (the current one when None) for everybody.

    Nothing of who is asked about decides whether it is refused: only the catalogue, declared roles, rights and the ledger. Whether it is
    withheld is decided under noise (`gate`).

    Args:
        settings: of the home.
        asked: the question.
        decide: rights; see `rights.Decide`.
        release_id: of the release.

    Raises:
        CgtError: the catalogue has no such question; there is no such partner, quarter or release; too few legal entities are declared that
            could contribute and permit it; the budget is spent; the ledger was changed. Nothing was written then.
        DeclarationError: there is no master key.
        LeaseHeld: a night is writing.
    """
    catalogue = load()
    question = catalogue.question(asked.kind, asked.outcome, asked.exposures)
    quarter = str(Quarter.beginning(asked.begin))
    keys = keys_of(settings)
    ledger = Ledger(settings.questions, keys.collective("answers"))
    release = read.find(settings, release_id)
    if read.problems(release):
        raise CgtError(f"release {release.id} is not what was published", remedy="`cgt-etl release verify` says what is wrong")
    everybody = partners(release)
    asking = next((name for name, of in everybody.items() if asked.by in of), None)
    if asking is None:
        raise CgtError("the release knows no such partner", partner=asked.by, remedy="Name a partner of this home")
    with lease(settings, "cgt-etl collective ask"):
        entries = ledger.read()
        if said := answered(entries, str(question), quarter):
            return Done(said, is_new=False, head=ledger.head)
        demand_room(entries, catalogue.population, quarter, asking, RHO)
        declared = partners(release, [catalogue.contributor_role])
        recipients = [partner for of in everybody.values() for partner in of]
        rights = permitted(decide, declared, recipients, question.reads, (catalogue.purpose, asked.begin))
        if len(rights.legal_entities) < LEAST_CONTRIBUTORS:
            raise CgtError(
                f"fewer than {LEAST_CONTRIBUTORS} legal entities can contribute and permit it",
                remedy="Ask when more take part; agreements say who permits what",
            )
        rows = features.rows(release, catalogue, asked.begin).filter(pl.col("contributor").is_in(rights.legal_entities))
        told = answer(exact(rows, question), quarter, keys.collective("questions"))
        made = Entry(str(question), catalogue.population, quarter, catalogue.version, RHO, told, asking, release.id, rights.refused)
        return Done(made, is_new=True, head=ledger.append(made))


def answers(settings: Settings) -> tuple[list[Entry], str]:
    """Every answer of this home in order, and the hash with which the ledger ends.

    Raises:
        TamperedLedger: a file was changed, taken out or put in.
        DeclarationError: there is no master key.
    """
    ledger = Ledger(settings.questions, keys_of(settings).collective("answers"))
    return ledger.read(), ledger.head
