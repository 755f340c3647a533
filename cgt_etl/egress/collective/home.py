"""The collective tables of a home: the list, a cut from one of its releases, and the attack on everything it ever released.

Holds no protection: `publish` does what there is to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cgt_etl.egress.collective import rows
from cgt_etl.egress.collective.agreed import Agreed, agreed
from cgt_etl.egress.collective.audit import Conflict, audit
from cgt_etl.egress.collective.engine import Cut, Quarter
from cgt_etl.egress.collective.ledger import Ledger
from cgt_etl.egress.collective.plan import Plan, load
from cgt_etl.egress.collective.publish import publish
from cgt_etl.egress.rights.everybody import Decide
from cgt_etl.errors import CgtError
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.lease import lease
from cgt_etl.release import read
from cgt_etl.settings import Settings

FILE = Path(__file__).parent / "tables.yaml"


@dataclass(frozen=True)
class Done:
    """A cut as it was published. `left_out` counts are exact: for whoever made it alone."""

    release_id: str
    cut: Cut
    agreed: Agreed
    head: str
    """The hash with which the ledger now ends."""


@dataclass(frozen=True)
class Attacked:
    """What an attack on the whole ledger found."""

    cuts: int
    head: str
    conflicts: tuple[Conflict, ...]


def listed() -> Plan:
    """The published list."""
    return load(FILE)


def cut_release(settings: Settings, release_id: str | None, begin: date, decide: Decide) -> Done:
    """Cut a quarter from a release of this home (the current one when None) into the ledger of this home.

    Args:
        begin: first day of the quarter.
        decide: rights; see `rights.everybody.Decide`.

    Raises:
        CgtError: no quarter begins on that day; there is no such release, it is not what was published, or it ends before that day; the
            ledger was changed or has that quarter; the cut would tell too much. Nothing was written then.
        DeclarationError: there is no master key.
        LeaseHeld: a night, or another cut, is writing.
    """
    quarter = Quarter.beginning(begin)
    keys = keys_of(settings)
    ledger = Ledger(settings.collective, keys.collective("ledger"))
    release = read.find(settings, release_id)
    if read.problems(release):
        raise CgtError(f"release {release.id} is not what was published", remedy="`cgt-etl release verify` says what is wrong")
    plan = listed()
    of = agreed(rows.rows(release, plan, begin), plan, release, decide, begin)
    with lease(settings, "cgt-etl collective cut"):
        cut = publish(ledger, plan, of.rows.counted, quarter, keys.collective("offsets"))
    return Done(release.id, cut, of, ledger.head)


def audit_ledger(settings: Settings) -> Attacked:
    """Attack each cut of the ledger of this home together with all before it.

    Raises:
        TamperedLedger: a file was changed, taken out or put in.
        DeclarationError: there is no master key.
    """
    ledger = Ledger(settings.collective, keys_of(settings).collective("ledger"))
    cuts = ledger.read()
    found = [conflict for many in range(1, len(cuts) + 1) for conflict in audit(cuts[:many])]
    return Attacked(len(cuts), ledger.head, tuple(dict.fromkeys(found)))
