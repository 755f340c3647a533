"""The rights of a home: what its partners declared, answers about its releases, and its log of decisions.

Holds no rule of rights.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from cgt_etl.contracts.registry import Registry
from cgt_etl.egress import policy
from cgt_etl.egress.collective import rows
from cgt_etl.egress.rights import agreements, columns
from cgt_etl.egress.rights.decisions import Decision, Rights, Use
from cgt_etl.egress.rights.everybody import Decide, of_agreements
from cgt_etl.egress.rights.explain import Explanation, explain
from cgt_etl.egress.rights.log import log, record
from cgt_etl.errors import CgtError
from cgt_etl.handoffs import reading
from cgt_etl.landing.chain import Chain
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.lease import lease
from cgt_etl.release import marts, read
from cgt_etl.release.read import Release
from cgt_etl.settings import Settings


def rights_of(settings: Settings) -> Rights:
    """What the healthy partners of this deployment declared, ready to decide.

    Raises:
        DeclarationError: an agreement says what it may not say; then nothing is decided at all, since what it refuses is not known.
    """
    sharing = policy.load()
    released = columns.catalogue(marts.load(), sharing)
    return Rights(agreements.load(settings, Registry.load(settings), released, sharing.purposes))


def log_of(settings: Settings) -> Chain:
    """The log of decisions of this home.

    Raises:
        DeclarationError: there is no master key, or it is none.
        VaultError: the master key is not that of this home.
    """
    return log(settings.rights, keys_of(settings).rights)


def deciding(settings: Settings, use: str, release_id: str | None, what: str) -> Decide:
    """What the agreements of this home permit of a use for everybody; each answer goes into the log, as about a release of this home (the
    current one when None), before it is used.

    Args:
        what: the decision is for, for whoever reads the log.

    Raises:
        DeclarationError: an agreement says what it may not say; when asked, there is no master key.
        CgtError: when asked, there is no such release, or as `everybody.of_agreements`.
    """
    rights = rights_of(settings)

    def keep(decisions: Sequence[Decision]) -> None:
        with lease(settings, f"cgt-etl {what}"):
            log_of(settings).append(record(rights, decisions, read.find(settings, release_id).id) | {"asked_for": what})

    return of_agreements(rights, use, keep)


def explain_table(
    settings: Settings, recipient: str, table: str, use: Use, as_of: date | None, *, is_kept: bool
) -> tuple[Explanation, str | None]:
    """What a partner may see of a table, and why; on the last day of which the current release tells where no day is given.

    Args:
        is_kept: whether the decisions behind the words are added to the log of this home, as made about the current release.

    Returns:
        The answer, and the mark with which the log then ends where it was kept.

    Raises:
        CgtError: there is no such partner, table, purpose or condition; or there is no release, which is needed to keep decisions and where
            no day is given.
        DeclarationError: decisions are kept, and there is no master key to mark them with.
        TamperedChain: the log so far is not what was written.
        LeaseHeld: a night, or another command, is writing.
    """
    rights = rights_of(settings)
    if as_of is not None and not is_kept:
        return explain(rights, recipient, table, use, as_of), None
    release = read.find(settings, None)
    found = explain(rights, recipient, table, use, as_of or last_day(release))
    if not is_kept:
        return found, None
    with lease(settings, "cgt-etl rights explain --keep"):
        return found, log_of(settings).append(record(rights, found.decisions, release.id))["mark"]


def last_day(release: Release) -> date:
    """The last day of which a release tells.

    Raises:
        CgtError: it tells of none.
    """
    connection = reading.views(release, "event")
    try:
        found: date | None = connection.execute((rows.FOLDER / "edge.sql").read_text(encoding="utf-8")).fetchall()[0][0]
    finally:
        connection.close()
    if found is None:
        raise CgtError(f"release {release.id} tells of no day", remedy="Name the day with --as-of")
    return found
