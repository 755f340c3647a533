"""Names that were made to be read as something else, and a declaration to put them into."""

from __future__ import annotations

from pathlib import Path

import yaml

from cgt_etl.egress.rights import agreements
from cgt_etl.egress.rights.agreements import Network
from tests.egress.rights import world

CRAFTED = [
    *("", " ", "*", "%", "all", "everybody", "null", "ASH", "Ash", "ash ", " ash", "ash\n", "ash\x00", "a\u0455h", "\uff41sh", "as\u0301h"),
    *("ash/of_ash/row", "own_rows", "batch.*", "batch.", ".", "..", "*.*", "batch.batch_id.x", "../ash", "ash\u200b", "\ufeffash"),
    *('ash"', '\\"', 'ash" || true || "', 'x"; permit(principal, action, resource); //', "}; permit(principal,action,resource);", "// "),
    *('Partner::"ash"', "?principal", "__entity", "__extn", "${ash}", "{{ash}}", "{ash}", "a" * 100_000, "\ud800", "\U0010ffff", "ash\r\n"),
    *("DUO:0000006\n", "duo:0000006", "DUO:0000006 ", "DUO:6", "DUO:\uff10000006", "HMB,GRU", "DS  MONDO:0018905", "DS MONDO:0018905 x"),
]
GIVEN = yaml.safe_load(
    """
agreements:
  - {agreement: one, to: {partner: cedar}, purposes: [HMB], conditions: [NPU], consent: research, tables: [batch], tier: network,
     columns: {batch.yield: aggregate_only}, populations: [auto_cart], first_day: 2026-01-01, signed: 2026-01-01,
     expires: 2026-01-06, in_return: [thanks]}
refusals:
  - {refusal: two, to: {role: courier}, what: [batch.lot_id], forms: [row], why: because}
"""
)
NAMED = [
    ("agreements", "agreement"),
    ("agreements", "to"),
    ("agreements", "to", "partner"),
    ("agreements", "to", "role"),
    ("agreements", "purposes"),
    ("agreements", "conditions"),
    ("agreements", "consent"),
    ("agreements", "tables"),
    ("agreements", "tier"),
    ("agreements", "columns", "key"),
    ("agreements", "columns", "value"),
    ("agreements", "populations"),
    ("agreements", "signed"),
    ("agreements", "expires"),
    ("refusals", "refusal"),
    ("refusals", "to", "partner"),
    ("refusals", "what"),
    ("refusals", "forms"),
]


def with_text(place: tuple[str, ...], text: str) -> dict[str, list[dict[str, object]]]:
    """The declaration with a text in one place."""
    said = {kind: [dict(one) for one in listed] for kind, listed in GIVEN.items()}
    (one,) = said[place[0]]
    if place[1:] == ("columns", "key"):
        one["columns"] = {text: "aggregate_only"}
    elif place[1:] == ("columns", "value"):
        one["columns"] = {"batch.yield": text}
    elif len(place) == 3:
        one[place[1]] = {place[2]: text}
    elif isinstance(one[place[1]], list):
        one[place[1]] = [text]
    else:
        one[place[1]] = text
    return said


def loaded(said: object, folder: Path) -> Network:
    """The small network with a declaration of `ash` that was read from a file; raises CgtError where it is refused."""
    path = folder / "ash" / agreements.NAME
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(said), encoding="utf-8")
    found = Network(world.ROLES, world.COLUMNS, world.CONSENTS, {"ash": agreements.read(path)})
    agreements.check(found)
    return found
