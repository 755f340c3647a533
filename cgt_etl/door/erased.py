"""Which records of a file the door erases, and which identifiers stand in them: what is asked before a file is written without them.

Gives texts of identifiers, for whoever holds the file itself and the key of its vault; keeps and writes none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.admit import in_the_clear
from cgt_etl.door.columns import ROW
from cgt_etl.door.suppress import Suppression, identifiers
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import Reading


@dataclass
class Erased:
    """Of one file; positions are those of its records."""

    positions: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    """Identifiers in erased records: as they are written, and in their one way of writing."""


def erased(binding: Binding, reading: Reading, registry: Registry, keys: Keys, suppressed: frozenset[str], *, sequence: str) -> Erased:
    """What `admit` erases of the same reading; arguments and errors as there."""
    suppression, found = Suppression(binding, registry, keys, suppressed), Erased()
    objects, frames = binding.feed.objects, dict[str, pl.DataFrame]()
    for spec, frame in in_the_clear(binding, reading, registry, sequence=sequence):
        frames[spec.name] = frame
        if len(frames) == len(objects):
            _add(found, objects, frames, suppression)
            frames = {}
    for misread in reading.set_aside:
        if words := set(suppression.listed(misread.text)):
            found.texts |= words
            found.positions.add(misread.position)
        else:
            found.kept.add(misread.position)
    return found


def _add(found: Erased, objects: tuple[ObjectSpec, ...], frames: Mapping[str, pl.DataFrame], suppression: Suppression) -> None:
    """Some whole records."""
    gone = suppression.positions(objects, frames)
    found.positions.update(gone)
    for spec in objects:
        is_gone = pl.col(ROW).is_in(gone)
        found.kept.update(frames[spec.name].filter(~is_gone)[ROW])
        rows = frames[spec.name].filter(is_gone)
        for column in identifiers(spec):
            found.texts.update(rows[f"{column.name}@text"].drop_nulls())
            canonical = rows[column.name].drop_nulls()
            found.texts.update(canonical.explode(empty_as_null=False).drop_nulls() if column.extension.split else canonical)
