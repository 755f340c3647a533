"""Whose records are erased at the door: those that name an identifier on the suppression list, in any column that holds identifiers.

Knows linkage tokens alone, never who is on the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import polars as pl

from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.columns import ROW
from cgt_etl.door.identifiers import NotCanonical, canonicalise
from cgt_etl.door.rules import patterns_of
from cgt_etl.door.tokens import Keys, token

_WORD = re.compile(r"[^\s,;|\"'{}\[\]]+")
_PIECE = re.compile(r"[^\W_]+")
_MOST_PIECES = 4
_SHORTEST_PART = 4
"""Characters; a shorter part of a word (the day of a date) is nobody's number beyond doubt."""


class Suppression:
    """The list, as one delivery's contract asks it."""

    def __init__(self, binding: Binding, registry: Registry, keys: Keys, suppressed: frozenset[str]) -> None:
        self._binding, self._registry, self._key, self._suppressed = binding, registry, keys.linkage, suppressed

    def positions(self, objects: tuple[ObjectSpec, ...], frames: Mapping[str, pl.DataFrame]) -> list[int]:
        """Positions of the records to erase: if one row of a record names such an identifier, all of its rows go."""
        found: set[int] = set()
        for spec in objects if self._suppressed else ():
            for column in identifiers(spec):
                frame = frames[spec.name].select(ROW, column.name).drop_nulls()
                if column.extension.split:
                    frame = frame.explode(column.name, empty_as_null=False).drop_nulls()  # of one part: the other may lack
                listed = [text for text in frame[column.name].unique() if self._is_listed(column, text)]
                found.update(frame.filter(pl.col(column.name).is_in(listed))[ROW])
        return sorted(found)

    def names(self, text: str) -> bool:
        """Whether a record that could not be taken apart names such an identifier, as one of its words or a part of one."""
        return any(True for _ in self.listed(text))

    def listed(self, text: str) -> Iterator[str]:
        """The words of a text, or parts of words (`0740-741` of `0740-741^^^HARBOR^MR`), that are one, as they are written."""
        words = set(_words(text)) if self._suppressed else set()
        return (word for word, column, canonical in self._readings(words) if self._is_listed(column, canonical))

    def _readings(self, words: set[str]) -> Iterator[tuple[str, ColumnSpec, str]]:
        for column in (column for spec in self._binding.feed.objects for column in identifiers(spec)):
            kind = column.extension.identifier or ""
            form = self._registry.canonical_form(kind, self._binding.issuer_of(column))
            for word in words:
                try:
                    yield word, column, canonicalise(kind, word, form, (*patterns_of(column), *self._binding.patterns_of(column)))
                except NotCanonical:
                    continue

    def _is_listed(self, column: ColumnSpec, canonical: str) -> bool:
        return token(self._key, column.extension.identifier or "", self._binding.issuer_of(column), canonical) in self._suppressed


def _words(text: str) -> Iterator[str]:
    for word in set(_WORD.findall(text)):
        yield word
        pieces = [piece.span() for piece in _PIECE.finditer(word)]
        for place, (begin, _) in enumerate(pieces):
            yield from (word[begin:end] for _, end in pieces[place : place + _MOST_PIECES] if end - begin >= _SHORTEST_PART)


def identifiers(spec: ObjectSpec) -> list[ColumnSpec]:
    """Its columns that hold identifiers."""
    return [column for column in spec.columns if column.extension.cast == "identifier"]
