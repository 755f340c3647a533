"""What the page of a sandbox says: what its partner contributed and promised, what it learned, what left its hands, what was done with it.

Figures come from the sandbox itself, from manifests of this partner's own deliveries and from the audit trail: of others it tells when the
last of all deliveries came, and nothing more than the partner may read. Plain values; no page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl

from cgt_etl.contracts.registry import Registry
from cgt_etl.egress.granted import EVERYBODY
from cgt_etl.egress.rights import duo
from cgt_etl.egress.rights.agreements import Network, To, ToPartner, ToRole
from cgt_etl.egress.rights.log import log
from cgt_etl.handoffs.cards.card import Feed
from cgt_etl.landing import promises
from cgt_etl.landing.chain import FIRST
from cgt_etl.landing.delivery import Delivery, delivery
from cgt_etl.release import read
from cgt_etl.release.tables import quoted
from cgt_etl.sandbox import store
from cgt_etl.sandbox.home import Box
from cgt_etl.sandbox.trail import Entry
from cgt_etl.settings import Settings

SHOWN_ENTRIES = 25
"""Of the audit trail, the last ones; the others are counted."""
FIGURE = "subjects"


@dataclass(frozen=True)
class Agreement:
    """Under which what leaves the partner's hands. `until`: ISO date, empty where it has no end."""

    id: str
    recipient: str
    tables: tuple[str, ...]
    tier: str
    until: str = ""
    in_return: tuple[str, ...] = ()
    """What the partner was promised for it."""


def in_force(network: Network, partner: str, day: date) -> list[Agreement]:
    """What a partner agreed to that gives something on a day, in the order of its declaration."""
    declared = network.declared.get(partner)
    return [
        Agreement(one.agreement, _addressed(one.to), one.tables, one.tier, one.expires.isoformat(), one.in_return)
        for one in (declared.agreements if declared else ())
        if one.begins <= day <= one.expires
    ]


def _addressed(to: To) -> str:
    if isinstance(to, ToPartner):
        return to.partner
    return f"every {to.role.replace('_', ' ')}" if isinstance(to, ToRole) else "every partner"


@dataclass(frozen=True)
class Shared:
    """A shared view that was made: of this partner's rows for somebody, or of somebody's for this partner."""

    name: str
    recipient: str
    use: str
    """In the words of DUO."""
    as_of: str
    """ISO date on which agreements had to permit it: the last one of its release."""
    release: str
    tables: tuple[str, ...]
    agreements: tuple[str, ...]
    """`contributor/agreement`."""


@dataclass(frozen=True)
class Grid:
    """A collective table of the last cut: a line per category of its first dimension, a column per category of its second.

    A cell is a rounded figure, or None where it is withheld.
    """

    name: str
    counts: str
    across: tuple[str, ...]
    lines: tuple[tuple[str, tuple[int | None, ...]], ...]


@dataclass(frozen=True)
class Band:
    """The bands of the network in which the quartiles lie, of one thing and group; None where that is withheld."""

    measured: str
    group: str
    bands: tuple[str | None, ...]


@dataclass(frozen=True)
class View:
    """The page of one sandbox."""

    partner: str
    partner_name: str
    roles: str
    release: str
    quarter: str
    ledger: str
    contributions: tuple[Feed, ...]
    own: tuple[tuple[str, int, str], ...]
    """(schema.table, rows, meaning) of the own rows."""
    grids: tuple[Grid, ...]
    bands: tuple[Band, ...]
    cuts: tuple[str, ...]
    """Quarters of all cuts."""
    agreements: tuple[Agreement, ...]
    given: tuple[Shared, ...]
    """With rows of this partner, newest first."""
    received: tuple[Shared, ...]
    """For this partner, newest first."""
    entries: tuple[Entry, ...]
    """The last of the audit trail, newest first."""
    entry_count: int
    head: str
    """The last mark of the trail."""


def view(settings: Settings, registry: Registry, box: Box, agreements: Sequence[Agreement] = ()) -> View:
    """What the page of this sandbox says.

    Args:
        agreements: in force, under which rows or figures of this partner go to somebody.

    Raises:
        CgtError: there is no sandbox, or the release that it was made from is gone.
        TamperedChain: the audit trail or the log of decisions was changed.
    """
    partner = registry.partners[box.partner]
    with store.reading(box.file, box.key) as connection:
        made = dict(connection.execute("select name, value from about.made_from").fetchall())
        own = connection.execute(
            "select c.schema_name || '.' || c.table_name, c.rows, t.comment from about.contents as c inner join duckdb_tables() as t "
            "using (schema_name, table_name) where t.database_name = ? and c.schema_name in ('delivered', 'own') order by 1",
            [store.STORE],
        ).fetchall()
        grids, cuts = _learned(connection)
        bands = _bands(connection)
    release = read.find(settings, made["release"])
    listed = [delivery(settings, id_, said["door16"]) for id_, said in sorted(release.inputs["deliveries"].items())]
    entries = box.trail.read()
    kept = [one for one in reversed(log(settings.rights, box.keys.rights).read()) if "share" in one]
    return View(
        partner=box.partner,
        partner_name=partner.name,
        roles=", ".join(role.replace("_", " ") for role in partner.roles),
        release=made["release"],
        quarter=made["last_cut"],
        ledger=made["ledger"],
        contributions=_contributions(registry, box.partner, listed),
        own=tuple(own),
        grids=grids,
        bands=bands,
        cuts=cuts,
        agreements=tuple(sorted(agreements, key=lambda one: one.id)),
        given=tuple(shown for one in kept if (shown := _shared(one, f"{box.partner}/"))),
        received=tuple(shown for one in kept if one["share"]["recipient"] in (box.partner, EVERYBODY) and (shown := _shared(one))),
        entries=tuple(reversed(entries[-SHOWN_ENTRIES:])),
        entry_count=len(entries),
        head=entries[-1].mark if entries else FIRST,
    )


def _contributions(registry: Registry, partner: str, listed: Sequence[Delivery]) -> tuple[Feed, ...]:
    """A line per feed, promised or delivered; judged, as the feedback card does, as of when the last delivery of the release came.

    Args:
        listed: of all partners.
    """
    as_of = max((datetime.fromisoformat(one.manifest.received_at) for one in listed), default=None)
    own = [one for one in listed if one.partner == partner]
    manifests = [one.manifest for one in own]
    standings = promises.standings(registry, own, as_of) if as_of else []
    stands = {one.feed: one for one in standings if one.partner == partner}
    lines = []
    for feed in sorted(stands.keys() | {one.feed for one in manifests}):
        of = [one for one in manifests if one.feed == feed]
        units = [one.counts.get("units", {}) for one in of if one.status == "landed"]
        standing = stands.get(feed)
        often = standing.promise.every_days if standing else None
        lines.append(
            Feed(
                feed=feed,
                promised=f"every {often} d" if often else "declared",
                verdict=standing.verdict if standing else "",
                files=len(of),
                refused=sum(one.status == "refused" for one in of),
                units=sum(int(one.get("in", 0)) for one in units),
                set_aside=sum(int(one.get("set_aside", 0)) for one in units),
            )
        )
    return tuple(lines)


def _shared(record: Mapping[str, Any], contributor: str = "") -> Shared | None:
    """What a record of the log says of a share, of the tables that an agreement let go; None where there is none.

    Args:
        contributor: begins the names of the agreements that count, `partner/`; all where it is empty.
    """
    said = record["share"]
    by = {name: [one for one in of["agreements"] if one.startswith(contributor)] for name, of in said["tables"].items() if of["rows"]}
    tables = {name: agreements for name, agreements in by.items() if agreements}
    if not tables:
        return None
    return Shared(
        name=said["share"],
        recipient="every partner" if said["recipient"] == EVERYBODY else said["recipient"],
        use=duo.said(said["use"]),
        as_of=record["decisions"][0]["as_of"],
        release=record["release"],
        tables=tuple(tables),
        agreements=tuple(sorted({one for agreements in tables.values() for one in agreements})),
    )


def _learned(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[Grid, ...], tuple[str, ...]]:
    """The tables of the last cut, and the quarters of all."""
    named = (
        f"select table_name, comment from duckdb_tables() where database_name = '{store.STORE}' and schema_name = 'collective' order by 1"  # noqa: S608
    )
    read_ = {
        (name, said): connection.execute(f"from collective.{quoted(name)}").pl() for name, said in connection.execute(named).fetchall()
    }
    quarters = sorted({quarter for frame in read_.values() for quarter in frame["quarter"]})
    grids = [_grid(name, said, frame.filter(pl.col("quarter") == quarters[-1])) for (name, said), frame in read_.items()]
    return tuple(grid for grid in grids if grid.lines), tuple(quarters)


def _grid(name: str, counts: str, frame: pl.DataFrame) -> Grid:
    down, *across = [column for column in frame.columns if column not in ("quarter", FIGURE) and frame[column].null_count() == 0] or [""]
    if not down:
        return Grid(name, counts, (), ())
    columns = list(dict.fromkeys(frame[across[0]])) if across else [""]
    cells: dict[tuple[Any, Any], int | None] = {
        (row[down], row[across[0]] if across else ""): row[FIGURE] for row in frame.iter_rows(named=True)
    }
    lines = [(line, tuple(cells.get((line, column)) for column in columns)) for line in dict.fromkeys(frame[down])]
    return Grid(name, counts, tuple(columns), tuple(lines))


def _bands(connection: duckdb.DuckDBPyConnection) -> tuple[Band, ...]:
    if not connection.execute("select 1 from duckdb_tables() where schema_name = 'network'").fetchall():
        return ()
    found: dict[tuple[str, str], list[str | None]] = {}
    rows = connection.execute("select measured, group_category, band from network.quartile_band").fetchall()
    for measured, group, band in rows:
        found.setdefault((measured, group or "all"), []).append(band)
    return tuple(Band(measured, group, tuple(bands)) for (measured, group), bands in found.items())
