"""One screen: what is landed, released, held back and promised. Reads manifests and records only; opens no vault and needs no key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.identity import queue
from cgt_etl.landing import promises
from cgt_etl.landing.delivery import Delivery, Manifest, deliveries
from cgt_etl.landing.version import is_older
from cgt_etl.release import night_record, plan, read
from cgt_etl.sandbox import follow
from cgt_etl.settings import Settings


def lines(settings: Settings, registry: Registry, as_of: datetime) -> list[str]:
    """For the terminal, most general first; counts and ids, no values. `as_of`: with a zone; what is late is late then."""
    listed = deliveries(settings)
    manifests = {one.id: one.manifest for one in listed}
    known = plan.declared(registry, listed)
    undeclared = sorted({f"{one.partner}/{one.feed}" for one in listed if one not in known})
    return [
        *_releases(settings, registry, listed),
        *_stewards(settings),
        *_sandboxes(settings),
        *_landed(listed, manifests),
        *_to_do(registry, listed, manifests),
        *_promised(promises.standings(registry, listed, as_of)),
        *(f"Left out:   {problem}" for problem in registry.unhealthy),
        *(f"Left out:   all deliveries of {feed}: its partner or its contract is no longer declared" for feed in undeclared),
    ]


def _releases(settings: Settings, registry: Registry, listed: list[Delivery]) -> Iterator[str]:
    current = read.current(settings)
    recorded = night_record.nights(settings)
    if recorded:
        last = night_record.load(settings, recorded[-1])
        yield f"Last night: {last.night:04d}, {last.status}, {last.finished_at}; {len(last.problems)} things to look at"
        yield from (f"  {problem}" for problem in last.problems)
    else:
        yield "Last night: none yet"
    if current is None:
        yield "Release:    none yet"
    else:
        size = f"{sum(current.rows.values())} rows in {len(current.rows)} tables"
        yield f"Release:    {current.id}; {size}, from {len(current.inputs['deliveries'])} deliveries"
        if not read.is_whole(current):
            yield "  files of it are missing: `cgt-etl release verify` names them"
    known = plan.declared(registry, listed)
    made = plan.plan(settings, registry, known)
    if not made.is_nothing_new:
        waiting = f"{len(made.changed)} of {len(known)} deliveries" if made.base else "code, contracts or seeds have changed: a full build"
        yield f"Waiting:    {waiting if listed else 'nothing has landed'}; `cgt-etl run` releases it"
    held = sorted(path.name for path in settings.builds.glob("held-*.duckdb"))
    if held:
        yield f"Held back:  {', '.join(held)} in builds/; the gate did not open"


def _stewards(settings: Settings) -> Iterator[str]:
    try:
        waiting = queue.load(settings)
    except CgtError:
        return  # nothing is released yet, or a home was restored and has not had its next night
    proposals = sum(one.weight is not None for one in waiting.waiting)
    if waiting.waiting:
        what = f"{len(waiting.waiting) - proposals} contradictions and {proposals} proposals of who is who wait"
        yield f"Stewards:   {what}; `cgt-etl identity review`"


def _sandboxes(settings: Settings) -> Iterator[str]:
    if partners := follow.built(settings):
        older = follow.older(settings)
        yield f"Sandboxes:  {len(partners)}, {len(older) or 'none'} older than the release or the last cut"
        yield from (f"  {partner}: of {made}; `cgt-etl sandbox build {partner}`" for partner, made in older.items())
        served = follow.served_before(settings)
        yield from (f"  {partner}, on a server: of {made}; `cgt-etl sandbox serve {partner}`" for partner, made in served.items())


def _landed(listed: list[Delivery], manifests: dict[str, Manifest]) -> Iterator[str]:
    refused = [one for one in listed if one.status == "refused"]
    yield f"Landed:     {len(listed) - len(refused)} deliveries, {len(refused)} refused"
    if tokenised := sum(one.is_tokenised for one in manifests.values()):
        yield f"Tokenised:  {tokenised} of them by their partners, who alone have the text"
    totals: dict[tuple[str, str], Counter[str]] = {}
    for one in listed:
        totals.setdefault((one.partner, one.feed), Counter()).update(manifests[one.id].counts.get("units", {}))
    width = max((len(f"{partner}/{feed}") for partner, feed in totals), default=0)
    for (partner, feed), units in sorted(totals.items()):
        yield (
            f"  {f'{partner}/{feed}'.ljust(width)}  in {units['in']}, accepted {units['accepted']}, "
            f"set aside {units['set_aside']}, erased {units['erased']}"
        )


def _to_do(registry: Registry, listed: list[Delivery], manifests: dict[str, Manifest]) -> Iterator[str]:
    older = [manifests[one.id] for one in listed if _is_older(registry, manifests[one.id])]
    tokenised = [one for one in older if one.is_tokenised]
    why = "were admitted under another contract, reader or partner file"
    if len(older) > len(tokenised):
        yield f"Older door: {len(older) - len(tokenised)} deliveries {why}; `cgt-etl reland` applies the present one"
    if tokenised:
        yield f"Older door: {len(tokenised)} deliveries {why} at the partners that tokenised them; these tokenise and send them again"


def _promised(standings: list[promises.Standing]) -> Iterator[str]:
    totals = Counter(one.verdict for one in standings)
    if standings:
        yield f"Promised:   {len(standings)} feeds: {', '.join(f'{totals[verdict]} {verdict}' for verdict in promises.VERDICTS)}"
    yield from (f"  {one.line()}" for one in standings if one.is_broken)


def _is_older(registry: Registry, manifest: Manifest) -> bool:
    try:
        return is_older(registry, manifest)
    except CgtError:
        return False  # nobody promises this feed any more; what it delivered stands
