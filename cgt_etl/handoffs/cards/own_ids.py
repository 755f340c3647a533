"""A partner's own numbers (donation, lot, batch, container) at places of its own deliveries, out of the vault, for a holder of its key.

A number is the partner's own where it issues it: a donation number that begins with a facility number of its sites, a lot or batch that its
contract says it issues, a container or waybill of a courier. Another's number in its file is not told: it would be another's on its card.
What is found goes into the card that is being written and nowhere else: no release, no log. A partner that tokenises at home keeps its
files: there the place in its file is what the card says. Never reads a number of a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import CgtError
from cgt_etl.landing.delivery import delivery as delivery_by_id
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.raw import RawFile
from cgt_etl.landing.vault import Vault, printable
from cgt_etl.settings import Settings

KINDS = ("din", "lot", "batch", "order_id", "sscc", "awb")
"""Of these the first that a record has and that is the partner's own; none names a person."""
_CARRIED = ("sscc", "awb")
_FIN = 5
"""Signs of a donation number that name the facility that gave it."""


def look_up(
    settings: Settings,
    registry: Registry,
    partner: str,
    places: Iterable[tuple[str, int]],
    *,
    kinds: Sequence[str] = KINDS,
    is_of_others: bool = False,
) -> dict[tuple[str, int], str]:
    """(delivery, position) -> number, of the places whose records have one; none of deliveries that the partner tokenised.

    Args:
        kinds: of `KINDS`, the first that a record has.
        is_of_others: also numbers that another issues; only for whoever holds their token against that of the thing in hand.

    Raises:
        CgtError: a place of another partner.
        DeclarationError, VaultError: no key, or one that does not open the vault.
    """
    wanted: dict[str, set[int]] = {}
    for delivery, position in places:
        if not delivery.startswith(f"{partner}/"):
            raise CgtError("a number of another partner is not looked up for a card", partner=partner)
        wanted.setdefault(delivery, set()).add(position)
    keys = keys_of(settings)
    found: dict[tuple[str, int], str] = {}
    for delivery, positions in sorted(wanted.items()):
        said = delivery_by_id(settings, delivery).manifest
        if said.is_tokenised:
            continue
        binding = registry.binding(said.partner, said.feed)
        wanted_of = _columns(binding, kinds, is_of_others=is_of_others)
        found |= {(delivery, position): text for position, text in _of(settings, keys, binding, (delivery, positions), wanted_of).items()}
    return found


def _columns(binding: Binding, kinds: Sequence[str], *, is_of_others: bool) -> dict[tuple[str, str], str]:
    """(object, column) -> kind of its numbers."""
    return {
        (spec.name, column.name): column.extension.identifier or ""
        for spec in binding.feed.objects
        for column in spec.columns
        if column.extension.identifier in kinds and (is_of_others or binding.issuer_of(column) in ("", binding.partner.partner))
    }


def _of(settings: Settings, keys: Keys, binding: Binding, at: tuple[str, set[int]], kinds: dict[tuple[str, str], str]) -> dict[int, str]:
    delivery, positions = at
    said = delivery_by_id(settings, delivery).manifest
    feed, fins = binding.feed, {site.fin for site in binding.partner.sites if site.fin}

    def is_own(kind: str, text: str) -> bool:
        if kind == "din":
            return text.strip().lstrip("=")[:_FIN] in fins
        return kind not in _CARRIED or "courier" in binding.partner.roles

    best: dict[int, tuple[int, str]] = {}
    with RawFile(Vault(settings.vault, keys.vault), keys, delivery).reading(feed, said.source_name) as raw:
        for batch in raw.reading:
            for row in (row for row, position in enumerate(batch.positions) if position in positions):
                for column, texts in batch.columns.items():
                    kind, text = kinds.get((batch.object, column), ""), texts[row]
                    if kind and text and is_own(kind, text):
                        rank = (KINDS.index(kind), printable(text))
                        best[batch.positions[row]] = min(rank, best.get(batch.positions[row], rank))
    return {position: text for position, (_, text) in best.items()}
