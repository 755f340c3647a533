"""What has to be said of a released column, and the words for it: unit, privacy class, source. The one place that lists them.

Holds the words and the check of one declared column. Reads no file (`marts` does) and no row of data.
"""

from __future__ import annotations

import re

PRIVACY = {
    "direct": "Names somebody by itself: name, record number, address. Never released.",
    "free_text": "Typed by people, so that anything may stand in it. Never released.",
    "quasi": "Tells people apart or joins records of one person: a token under the release key, an age, a disease, a duration.",
    "date": "A true date or instant of somebody's care. A shared view has day offsets in its place.",
    "proprietary": "A manufacturer's know-how: how a batch was made and of what. In no shared view.",
    "none": "Tells nothing of a person and nothing that a manufacturer keeps to itself.",
}
"""Privacy class -> what belongs to it."""
NEVER_RELEASED = frozenset({"direct", "free_text"})
SOURCES = {
    "delivered record": "A record that a partner delivered, mapped.",
    "batch record": "A manufacturer's batch record, mapped.",
    "consent record": "A record of consent, mapped.",
    "device record": "A record of somebody's wearable device, mapped.",
    "logger record": "A temperature logger's record, mapped.",
    "shipment record": "A courier's record, mapped.",
    "specification": "Specification limits on a certificate, mapped.",
    "derived": "Computed from other columns; the description says how.",
    "identity": "Who and what the partners' identifiers name, decided by `cgt_etl.identity`.",
    "door": "Decided at the door, when the record was read.",
    "landing": "The delivery: which file, which position.",
    "delivery": "The partner and site that delivered it.",
    "contract": "The data contract of the feed.",
    "partner file": "The partner's declaration.",
    "rule catalogue": "The catalogue of rules.",
    "vocabulary": "The canonical vocabularies.",
}
"""Word of `source` -> what it means."""
TYPES = frozenset({"string", "bigint", "double", "boolean", "date", "timestamp"})
"""Types of released columns, in dbt's words."""
POSITIONS = frozenset({"source_row", "source_row_first", "source_row_last"})
"""Whole numbers that count in the unit of a contract, which is not one unit."""
_UNIT = re.compile(r"[!-~]+")
_SENTENCE = re.compile(r".{14,}[.]", re.DOTALL)


def missing(name: str, type_: str, meaning: str, said: dict[str, object], beside: frozenset[str]) -> list[str]:
    """What is missing or wrong in the declaration of one column, as words of the remedy; empty when all is said.

    Args:
        name: the column's.
        type_: its type in dbt's words.
        meaning: its description.
        said: its `meta`.
        beside: names of the table's columns.
    """
    found = []
    unit, privacy, source = said.get("unit"), said.get("privacy"), said.get("source")
    if not _SENTENCE.fullmatch(meaning):
        found.append("`description`: a sentence with a full stop")
    if type_ not in TYPES:
        found.append(f"`data_type`: one of {', '.join(sorted(TYPES))}")
    if "unit" not in said:
        found.append("`unit`: UCUM, or null for what has none")
    elif unit is not None and not (isinstance(unit, str) and _UNIT.fullmatch(unit)):
        found.append("`unit`: UCUM without blanks")
    elif unit is None and type_ in ("bigint", "double") and name not in POSITIONS and "unit" not in beside:
        found.append("`unit`: a number has one, or a column `unit` beside it")
    if privacy not in PRIVACY or privacy in NEVER_RELEASED:
        found.append(f"`privacy`: one of {', '.join(sorted(set(PRIVACY) - NEVER_RELEASED))}")
    if source not in SOURCES:
        found.append(f"`source`: one of {', '.join(SOURCES)}")
    return found
