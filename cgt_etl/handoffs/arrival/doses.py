"""Which doses of a release a number from a label, or an id, means. What a person types is neither kept nor said again."""

from __future__ import annotations

from collections.abc import Iterable

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.genealogy import asked, find
from cgt_etl.genealogy.graph import Node, opened
from cgt_etl.landing.keys import keys_of
from cgt_etl.release.read import Release
from cgt_etl.settings import Settings

KINDS = ("lot", "batch")


def doses(settings: Settings, registry: Registry, release: Release, text: str, partner: str | None = None) -> list[str]:
    """Dose units of a lot or batch (a number needs the master key), or of an id or token of the release; in order.

    Args:
        partner: who issued the number; every issuer is tried without.

    Raises:
        CgtError: the release has no such dose; or there is no master key, and it is no id.
    """
    with opened(release) as graph:
        if asked.is_id(text):
            found = find.by_id(graph, text)
        else:
            keys = keys_of(settings)
            readings, _ = asked.readings(registry, keys, text, partner=partner)
            found = find.by_number(graph, [one for one in readings if one.kind in KINDS])
        batches = sorted(node.key for node in found.meant if node.table == "batch")
        filled = graph.connection.execute(
            f"select dose_unit_id from {graph.files('dose_unit')} where list_contains($batches, batch_id)",  # noqa: S608  ours alone
            {"batches": batches},
        ).fetchall()
        wanted = {node for node in found.meant if node.table == "dose_unit"} | {Node("dose_unit", key) for (key,) in filled}
    if not wanted:
        raise CgtError("this release has no dose of this lot, batch or id", remedy="`cgt-etl recall -` says what else it may be")
    return sorted(node.key for node in wanted)


def number_of(settings: Settings, registry: Registry, numbers: Iterable[str], tokens: dict[str, str]) -> str:
    """`lot NUMBER`, else `batch NUMBER`: that whose token, whoever issued it, is the dose's in the release. Empty without one.

    Args:
        numbers: of the maker's own records; it may make what another numbers.
        tokens: kind of `KINDS` -> token in the release.

    Raises:
        DeclarationError: there is no master key.
    """
    keys = keys_of(settings)
    for kind in KINDS:
        for number in sorted(set(numbers)):
            try:
                readings, _ = asked.readings(registry, keys, number, kind=kind)
            except CgtError:
                continue  # none of this kind
            if tokens.get(kind) in {one.token for one in readings}:
                return f"{kind} {number}"
    return ""
