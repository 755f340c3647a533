"""A recall: everything before and after what was asked for, what shares its sources, who received it where, and what could not be followed.

Complete as far as the release is: what it cannot know is said, since silence would be read as completeness.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys, release_token
from cgt_etl.genealogy import asked, find, landed, things
from cgt_etl.genealogy.gaps import Gap, gaps_of
from cgt_etl.genealogy.graph import MATERIAL, Graph, Lineage, Node, Relation, nodes, opened, registered
from cgt_etl.genealogy.things import Record, Site, Thing
from cgt_etl.landing.keys import keys_of
from cgt_etl.release.read import Release
from cgt_etl.settings import Settings

ORDER: tuple[Relation, ...] = ("asked", "upstream", "downstream", "same_source")
_NAME_DONATIONS = ("batch", "administration")
TABLES = ("collection", MATERIAL, "product", "batch", "dose_unit", "administration")


@dataclass(frozen=True)
class Exposed:
    """Recipients at one site, counted. `site` is None where no record says where the infusion was."""

    site: Site | None
    relation: Relation
    recipients: int
    infusions: int
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class Recall:
    """The answer. `meant`: how the question could be read, and to which things each reading led; empty where nothing was found."""

    release: str
    meant: Mapping[Node, str]
    tried: Sequence[str]
    lineage: Lineage
    things: Mapping[Node, Thing]
    exposed: Sequence[Exposed]
    not_followed: Sequence[Gap]
    """What could not be followed; the last ones are about the release as a whole."""
    named_in: Sequence[Record] = ()
    """Records that name what was asked for, where no row of the release bears it."""

    @property
    def is_found(self) -> bool:
        return bool(self.meant)

    @property
    def ordered(self) -> list[Node]:
        """What was asked for, its sources, what came of it, its kin; each by distance, then by table along the way."""
        rank = {table: place for place, table in enumerate(TABLES)}

        def place(node: Node) -> tuple[int, int, int, Node]:
            reached = self.lineage.reached[node]
            return ORDER.index(reached.relation), reached.steps, rank.get(node.table, len(rank)), node

        return sorted(self.lineage.reached, key=place)

    @property
    def counts(self) -> dict[tuple[Relation, str], int]:
        """(relation, table) -> things, in the order in which they are told."""
        return dict(Counter((self.lineage.reached[node].relation, node.table) for node in self.ordered))


def recall(
    settings: Settings, release: Release, registry: Registry, text: str, *, kind: str | None = None, partner: str | None = None
) -> Recall:
    """Answer for a number (donation, bag, lot, batch, lot of a material) or an id of the release.

    Args:
        text: as a person types or scans it. An id or token of the release (32 hex digits) needs no master key. The token that a partner
            made of a number (`cgt-etl partner token`) needs a hub's.
        kind: one of `asked.KINDS`; partner: who issued the number. Both narrow; without them every reading is tried.

    Raises:
        NotCanonical: the kind was named, and this is none.
        CgtError: no partner issues such numbers; or there is no master key, and it is no id.
    """
    with opened(release) as graph:
        unlike: list[str] = []
        records: list[Record] = []
        if kind is None and asked.is_id(text):
            keys = keys_of(settings) if settings.has_master_key else None
            found, tried = find.by_id(graph, text), ["id or token of a release"]
            if not found.meant and keys:
                found = find.by_id(graph, release_token(keys.release, text.strip()))
                tried.append("token that a partner made of a number")
        else:
            keys = keys_of(settings)
            readings, unlike = asked.readings(registry, keys, text, kind=kind, partner=partner)
            found, tried = find.by_number(graph, readings), [str(one) for one in readings]
            if not found.meant:
                found, records = landed.stated_beside(settings, graph, readings)
        lineage = graph.around(found.meant, with_kin=not found.is_journey)
        told = things.describe(graph, lineage)
        notes = [Gap(note) for note in found.notes]
        if unlike and not found.meant:
            notes.append(Gap(f"It has not the structure or check character of: {', '.join(unlike)}."))
        if records:
            notes.append(Gap("No row of this release bears it, but records name it: what they state is followed in its place."))
        notes += [*gaps_of(lineage, told), *_unknown_donations(settings, graph, keys, lineage, told)]
        notes += [Gap(sentence) for sentence in _of_release(graph)]
        return Recall(release.id, found.meant, tried, lineage, told, _exposed(graph, lineage, told), notes, records)


def _unknown_donations(settings: Settings, graph: Graph, keys: Keys | None, lineage: Lineage, told: Mapping[Node, Thing]) -> list[Gap]:
    """Sources beside those that were found: tokens of landed records alone know them, and the master key alone joins these to a release."""
    of = [node for node, one in lineage.reached.items() if node.table in _NAME_DONATIONS and one.relation in ("asked", "upstream")]
    if not of:
        return []
    if keys is None:
        return [Gap("Without the master key nobody can look whether records name more donations, of which this release has no row.")]
    unknown = landed.unknown_donations(settings, graph, keys, [told[node] for node in sorted(of)])
    return (
        [Gap("a record names a donation, too, of which this release has no row: that source is not found here", unknown)] if unknown else []
    )


def _exposed(graph: Graph, lineage: Lineage, told: Mapping[Node, Thing]) -> list[Exposed]:
    """Recipients by relation and site; an infusion whose recipient is unknown counts as a recipient of its own."""
    with registered(graph.connection, "wanted", nodes([node for node in told if node.table == "administration"])):
        rows = graph.connection.execute(
            f"select administration_id, subject_id from {graph.files('administration')}"  # noqa: S608  all ours
            " where administration_id in (select key from wanted) and subject_id is not null"
        ).fetchall()
    recipient = dict(rows)
    groups: dict[tuple[int, str], list[Thing]] = {}
    for node, thing in told.items():
        if node.table == "administration":
            relation = ORDER.index(lineage.reached[node].relation)
            groups.setdefault((relation, thing.site.site_id if thing.site else ""), []).append(thing)
    exposed = []
    for (relation, _), given in sorted(groups.items(), key=lambda group: group[0]):
        days = sorted(one.day for one in given if one.day)
        people = {recipient.get(one.node.key, one.node.key) for one in given}
        first, last = (days[0], days[-1]) if days else (None, None)
        exposed.append(Exposed(given[0].site, ORDER[relation], len(people), len(given), first, last))
    return exposed


def _of_release(graph: Graph) -> list[str]:
    """What no walk over this release can know."""
    count = "sum(coalesce(set_aside_unit_count, 0) + coalesce(erased_unit_count, 0))"
    refused, held = graph.connection.execute(
        f"select count(*) filter (status_code = 'refused'), cast(coalesce({count}, 0) as bigint) from {graph.files('delivery')}"  # noqa: S608
    ).fetchone() or (0, 0)
    if not (refused or held):
        return []
    said = f"Deliveries that were refused whole: {refused}; records that were set aside or erased: {held}"
    return [f"{said}. What they state is not in this release; `cgt-etl quarantine list` names them."]
