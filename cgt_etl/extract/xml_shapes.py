"""XML records that differ in their values alone: what the careful way finds in one of them is found in all, by one regular expression.

As `shapes` does for JSON lines: names, their order and blanks stand fast, texts and values of attributes are holes. What the expression
matches is a whole well-formed element of the same names, without references, comments or line ends other than LF. No rule stands here: a
record with anything else has no shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from cgt_etl.extract import paths
from cgt_etl.extract.nested import Plan, Record
from cgt_etl.extract.shapes import MARK, Way, rows_of, selecting, ways_of

_MOST_CHARACTERS: Final = 16 * 1024
_MOST_HOLES: Final = 90
"""What Python's expressions were once limited to, about; more are rarer than they are worth."""
_LAYOUT = " \t\n"
_NO_TEXT = r"\x00-\x08\x0b-\x1f\ufffe\uffff"
_TEXT = rf"[{_LAYOUT}]*[^{_LAYOUT}<&\]{_NO_TEXT}][^<&\]{_NO_TEXT}]*"
_VALUE = {'"': rf"[^\"<&\t\n{_NO_TEXT}]*", "'": rf"[^'<&\t\n{_NO_TEXT}]*"}
_ATTRIBUTE = re.compile(r"""([^\s=<>/]+)\s*=\s*(?:(?P<quote>["'])(?P<value>.*?)(?P=quote))""", re.DOTALL)
_TAG = re.compile(r"""<(?P<end>/?)[^\s<>/!?]+(?P<attributes>(?:\s+[^\s=<>/]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(?P<alone>/?)>""")
_NEVER = ("&", "\r", "<!", "<?", "xmlns", MARK)
Parse = Callable[[bytes], tuple[str, paths.Element] | None]
Pick = Callable[[tuple[str, ...]], tuple[str | None, ...]]


@dataclass(frozen=True)
class Shape:
    """Records of one shape."""

    pattern: re.Pattern[str]
    """Of the whole record and the layout before it; its groups are the holes that are read."""
    parent: tuple[str, ...]
    """Way to what holds it."""
    bound: dict[str, str]
    """Prefixes that hold there."""
    rows: list[list[Pick]]
    """Of each plan, of each of its rows: the cells, of the groups."""
    unknown: frozenset[str]
    """Elements outside the contract."""


@dataclass(frozen=True)
class _Hole:
    begin: int
    end: int
    pattern: str


def is_one_tag(text: str) -> bool:
    """Whether a text is one whole tag."""
    return _TAG.fullmatch(text) is not None


def learnt(
    raw: str,
    parse: Callable[[bytes], tuple[str, paths.Element] | None],
    plans: list[Plan],
    known: frozenset[str],
    where: tuple[Way, dict[str, str]],
) -> Shape | None:
    """The shape of a record that was read with care; None where it has none.

    `parse` gives the name and the node of a record's text; `where` are way and prefixes of what holds it.
    """
    holes = _holes(raw)
    if holes is None or len(holes) > _MOST_HOLES or (all_marked := parse(_marked(raw, holes, range(len(holes))))) is None:
        return None
    ways = dict(ways_of(all_marked[1]))
    fast = set().union(*(selecting(plan) for plan in plans))
    fast |= {(*way, paths.TEXT) for way in fast}
    open_holes = [number for number in range(len(holes)) if ways.get(f"{MARK}{number}") not in {*fast, None}]
    found = parse(_marked(raw, holes, open_holes))
    if found is None:
        return None
    name, node = found
    rows = [rows_of(plan, Record(0, node, node, node, name)) for plan in plans]
    if None in rows:
        return None
    read = {cell for of in rows for row in of or () for cell in row if cell is not None and cell.startswith(MARK)}
    captured = [number for number in open_holes if f"{MARK}{number}" in read]
    groups = {f"{MARK}{number}": place for place, number in enumerate(captured)}
    picks = [[_pick(row, groups) for row in of or ()] for of in rows]
    return Shape(_pattern(raw, holes, open_holes, captured), *where, picks, frozenset(node.keys() - known))


def _holes(raw: str) -> list[_Hole] | None:
    """Where its values stand; None where it holds what has no shape."""
    if len(raw) > _MOST_CHARACTERS or any(sign in raw for sign in _NEVER):
        return None
    holes: list[_Hole] = []
    at, is_begun = 0, False
    for tag in _TAG.finditer(raw):
        between = raw[at : tag.start()]
        if between.strip(_LAYOUT):
            if not (is_begun and tag["end"]) or "]" in between:
                return None  # text beside elements
            holes.append(_Hole(at, tag.start(), _TEXT))
        for attribute in _ATTRIBUTE.finditer(raw, *tag.span("attributes")):
            if "\t" in attribute["value"] or "\n" in attribute["value"]:
                return None
            if ":" not in attribute[1]:
                holes.append(_Hole(*attribute.span("value"), _VALUE[attribute["quote"]]))
        at, is_begun = tag.end(), not tag["end"] and not tag["alone"]
    return holes if at == len(raw) else None


def _marked(raw: str, holes: list[_Hole], numbers: Any) -> bytes:
    """The record with a mark in each of these holes."""
    parts, at = [], 0
    for number in numbers:
        parts += [raw[at : holes[number].begin], f"{MARK}{number}"]
        at = holes[number].end
    return "".join([*parts, raw[at:]]).encode()


def _pattern(raw: str, holes: list[_Hole], numbers: list[int], captured: list[int]) -> re.Pattern[str]:
    parts, at = [f"[{_LAYOUT}]*"], 0
    for number in numbers:
        hole = holes[number]
        parts += [re.escape(raw[at : hole.begin]), f"({hole.pattern})" if number in captured else f"(?:{hole.pattern})"]
        at = hole.end
    return re.compile("".join([*parts, re.escape(raw[at:])]))


def _pick(row: list[str | None], groups: dict[str, int]) -> Pick:
    """Gives the cells of a row."""
    fixed = [cell for cell in row if cell is None or cell not in groups]
    places = [groups[cell] if cell in groups else len(groups) + fixed.index(cell) for cell in row]
    pick = itemgetter(*places, places[0])  # one more, so that it gives a tuple of a single column too
    return lambda found: pick((*found, *fixed))[:-1]
