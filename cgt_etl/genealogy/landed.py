"""Numbers that records of a release's deliveries name, and of which the release has no row: who names them, and what else is said there.

A batch record may name a donation that no blood centre has delivered; the release then has no row that the donation could be, and no step
from it. To look for a number reads the links of every delivery of the release, so it takes longer than a look into the release.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from cgt_etl.door.tokens import Keys, release_token
from cgt_etl.genealogy import find
from cgt_etl.genealogy.asked import Reading
from cgt_etl.genealogy.graph import Graph, Node, registered
from cgt_etl.genealogy.things import Record, Thing
from cgt_etl.release.read import Release
from cgt_etl.settings import Settings


def stated_beside(settings: Settings, graph: Graph, readings: Sequence[Reading]) -> tuple[find.Found, list[Record]]:
    """Things of the release that come from records which name the number, and those records, superseded ones included."""
    links = _links(settings, graph.release)
    found, records = find.Found(), set[Record]()
    for one in readings if links else ():
        said = graph.connection.execute(
            "select distinct filename, source_row from read_parquet($paths, filename = true) where kind = $kind and linkage_token = $token",
            {"paths": sorted(links), "kind": "din" if one.kind == "bag" else one.kind, "token": one.linkage_token},
        ).fetchall()
        naming = sorted(Record(links[file], int(row), int(row)) for file, row in said)
        records |= set(naming)
        found.meant |= dict.fromkeys(_stated_in(graph, naming), f"stated by a record that names this {one.kind}")
    return found, sorted(records)


def unknown_donations(settings: Settings, graph: Graph, keys: Keys, things: Iterable[Thing]) -> tuple[Node, ...]:
    """Those of `things` of which a record names a donation, too, that neither a collection nor a bag of the release bears."""
    paths = {name: path for path, name in _links(settings, graph.release).items()}
    stated = [(*one.node, paths[record.delivery], record) for one in things for record in one.records if record.delivery in paths]
    if not stated:
        return ()
    names = ("thing", "key", "filename", "first", "last")
    columns = zip(*((thing, key, path, record.first, record.last) for thing, key, path, record in stated), strict=True)
    with registered(graph.connection, "stated", pa.table(dict(zip(names, map(list, columns), strict=True)))):
        said = graph.connection.execute(
            "select distinct thing, key, linkage_token from read_parquet($paths, filename = true) join stated using (filename)"
            " where source_row between first and last and kind = 'din'",
            {"paths": sorted({path for _, _, path, _ in stated})},
        ).fetchall()
    token_of = {linkage_token: release_token(keys.release, linkage_token) for _, _, linkage_token in said}
    with registered(graph.connection, "named", pa.table({"din_id": pa.array(sorted(token_of.values()), pa.string())})):
        rows = graph.connection.execute(
            f"select din_id from named anti join {graph.files('collection')} as known using (din_id)"  # noqa: S608  all ours
            f" intersect select din_id from named anti join {graph.files('product')} as known using (din_id)"
        ).fetchall()
    unknown = {token for (token,) in rows}
    return tuple(sorted({Node(thing, key) for thing, key, linkage_token in said if token_of[linkage_token] in unknown}))


def _stated_in(graph: Graph, records: Sequence[Record]) -> list[Node]:
    positions = pa.array((one.first for one in records), pa.int64())
    naming = pa.table({"delivery": pa.array((one.delivery for one in records), pa.string()), "seen": positions})
    with registered(graph.connection, "naming", naming):
        rows = graph.connection.execute(
            f"select distinct table_name, row_key from {graph.files('row_source')} join naming"  # noqa: S608  all ours
            " on source_delivery = delivery and seen between source_row_first and source_row_last"
            " where list_contains($things, table_name) order by all",
            {"things": list(find.THINGS)},
        ).fetchall()
    return [Node(*row) for row in rows]


def _links(settings: Settings, release: Release) -> dict[str, str]:
    """Path of the links of each delivery of the release -> its id; none where the release lies elsewhere than the home."""
    inputs = release.manifest.get("inputs", {}).get("deliveries", {})
    paths = {settings.landing / name / one["door16"] / "links.parquet": name for name, one in sorted(inputs.items())}
    return {str(path): name for path, name in paths.items() if path.is_file()}
