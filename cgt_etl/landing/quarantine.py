"""What was set aside and waits for somebody: where it lies, under which rule, whose it is, since when.

Lists from the verdicts, which hold no values. `show` and an export with values open the vault, for a person with the key;
nothing here logs.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.landing.delivery import Delivery, deliveries
from cgt_etl.landing.delivery import delivery as delivery_by_id
from cgt_etl.landing.held import held
from cgt_etl.landing.keys import named_keys
from cgt_etl.landing.reland import reland_all
from cgt_etl.landing.vault import Vault, printable
from cgt_etl.settings import Settings

Place = tuple[str, int, int, str | None]
"""Object, position, item, and the column of a cell; the door keeps one text for each, whatever the number of rules it broke."""


@dataclass(frozen=True)
class Item:
    """One rule that set a row or cell aside (`column` of a row: where it broke), or (effect `refuse`) a file refused whole."""

    partner: str
    feed: str
    owner: str
    """Who answers for the contract; empty where the feed is no longer declared."""
    source_name: str
    delivery: str
    object: str
    position: int | None
    item: int | None
    column: str | None
    rule: str
    effect: str
    first_night: int | None
    """First recorded night that had the delivery; None before its first night has ended."""
    age_nights: int
    """Recorded nights since then."""


def items(settings: Settings, registry: Registry, *, partner: str | None = None, feed: str | None = None) -> list[Item]:
    """Everything that the current doors set aside, in order of delivery and position."""
    owners = {(of.dialect, of.name): of.owner for of in registry.feeds}
    nights = recorded_nights(settings)
    return [
        item
        for one in deliveries(settings)
        if (partner is None or one.partner == partner) and (feed is None or one.feed == feed)
        for item in _of_delivery(one, owners.get((one.dialect, one.feed), ""), nights)
    ]


def lines(settings: Settings, registry: Registry, *, partner: str | None = None, feed: str | None = None, items: bool = False) -> list[str]:
    """For a terminal: totals by feed, rule, effect and column with the age of the oldest, or one line per item. No values."""
    listed = _items(settings, registry, partner=partner, feed=feed)
    if not listed:
        return ["Nothing is set aside."]
    if items:
        return [
            f"{one.delivery}  {one.source_name}  {_where(one)}  {one.rule or '-'} {one.effect}  owner {one.owner}  {_age(one.age_nights)}"
            for one in listed
        ]
    totals: dict[tuple[str, ...], list[Item]] = {}
    for one in listed:
        totals.setdefault((one.partner, one.feed, one.rule, one.effect, one.object, one.column or "", one.owner), []).append(one)
    return [
        f"{of}/{name}  {rule or '-'} {effect}  {'.'.join(part for part in (object_, column) if part) or 'whole file'}  {len(group)}  "
        f"owner {owner}  {_age(max(one.age_nights for one in group))}"
        for (of, name, rule, effect, object_, column, owner), group in sorted(totals.items())
    ]


def show(settings: Settings, delivery: str, position: int) -> list[str]:
    """The set-aside texts of one position of a delivery, from the vault: values, for the eyes of a person with the key.

    Control characters are shown as escapes: what a partner wrote cannot steer the terminal.

    Raises:
        CgtError: no such delivery, or nothing set aside there.
        VaultError: the key does not open it.
    """
    found = delivery_by_id(settings, delivery)
    said = found.manifest
    if said.status == "refused":
        raise CgtError("the file was refused whole, so no position of it is set aside", remedy=said.reason or "")
    if said.is_tokenised:
        raise said.raw_is_elsewhere()
    texts = [of for of in _texts(settings, found) if of[0][1] == position]
    if not texts:
        raise CgtError(
            "nothing is set aside at this position",
            remedy="`cgt-etl quarantine list --items` names the positions",
            partner=found.partner,
            feed=found.feed,
            position=position,
        )
    return [
        f"{rule}  {object_}[{item}]{f'.{column}' if column else ''}  {printable(text)}" for (object_, _, item, column), rule, text in texts
    ]


def export(settings: Settings, registry: Registry, out: Path, *, with_values: bool) -> int:
    """Write everything that is set aside to `out`, as JSON where its name ends so, else as CSV; the number of items.

    With values the file is readable by its owner alone, and has the column `text`: null where there is none (a refused file, a
    tokenised delivery).
    In CSV a text that a spreadsheet would take for a formula is preceded by an apostrophe; JSON has it as it came.

    Raises:
        CgtError: `out` cannot be written.
        VaultError: values are wanted and the key does not open the vault.
    """
    listed = items(settings, registry)
    rows = [asdict(one) for one in listed]
    if with_values:
        texts: dict[tuple[str, Place], str] = {}
        for one in sorted({item.delivery for item in listed if item.effect != "refuse"}):
            texts |= {(one, place): text for place, _, text in _texts(settings, delivery_by_id(settings, one))}
        for item, row in zip(listed, rows, strict=True):
            column = item.column if item.effect == "cell" else None
            row["text"] = texts.get((item.delivery, (item.object, item.position or 0, item.item or 0, column)))
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600 if with_values else 0o644)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise CgtError(f"{out} cannot be written ({why})", remedy="Name a file in an existing folder") from None
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        if with_values:
            os.fchmod(file.fileno(), 0o600)
        if out.suffix == ".json":
            json.dump(rows, file, ensure_ascii=False, indent=1)
        else:
            names = [field.name for field in fields(Item)] + (["text"] if with_values else [])
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return len(rows)


def free(settings: Settings, registry: Registry, delivery: str, *, received_at: datetime) -> str:
    """Land a delivery again under the present door and say what that set free. Takes the lease.

    Raises:
        CgtError: no such delivery.
        LeaseHeld: a night is writing.
    """
    return reland_all(settings, registry, delivery=delivery, received_at=received_at)[0].line()


_items = items  # `lines` has an argument of that name


def _of_delivery(one: Delivery, owner: str, nights: list[tuple[int, frozenset[str]]]) -> Iterator[Item]:
    first = next((place for place, (_, ids) in enumerate(nights) if one.id in ids), None)
    night = None if first is None else nights[first][0]
    age = 0 if first is None else len(nights) - 1 - first
    refusal = ("", None, None, None, one.manifest.rule or "", "refuse")
    places: Iterable[tuple[Any, ...]] = [refusal] if one.status == "refused" else held(one).iter_rows()
    for object_, position, number, column, rule, effect in places:
        yield Item(one.partner, one.feed, owner, one.source_name, one.id, object_, position, number, column, rule, effect, night, age)


def recorded_nights(settings: Settings) -> list[tuple[int, frozenset[str]]]:
    """(night, ids of its deliveries) of every recorded night, in order."""
    records = (json.loads(path.read_text(encoding="utf-8")) for path in settings.nights.glob("*.json"))
    return sorted((int(record["night"]), frozenset(record["deliveries"])) for record in records)


def _texts(settings: Settings, one: Delivery) -> Iterator[tuple[Place, str, str]]:
    """Place, rule and text of everything that the delivery's door set aside; nothing of one that its partner tokenised."""
    if one.manifest.is_tokenised:
        return
    vault = Vault(settings.vault, named_keys(settings).vault)
    for line in b"".join(vault.open(f"{one.id}/{one.door16}/set_aside.enc")).splitlines():
        said = json.loads(line)
        yield (said["object"], said["position"], said["item"], said["column"]), said["rule"], said["text"]


def _where(one: Item) -> str:
    if one.position is None:
        return "whole file"
    return f"position {one.position}, {one.object}[{one.item}]{f'.{one.column}' if one.column else ''}"


def _age(nights: int) -> str:
    return "since this night" if nights == 0 else f"for {nights} night{'s' if nights > 1 else ''}"


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
