"""Paths inside nested records: `code.coding[system=http://loinc.org].code`, `name[0].family`, `identifier[type.coding.code=MR].value`.

A step names an element; `[n]` takes one of a list, `[path=text]` keeps the elements where that path gives that text; lists are walked
through. `$this` is the node itself: an element of a list of texts has no name to be found by.

A cell's path may start elsewhere than at its element: `^.` at what holds it (the record of a list's element, the document of a record),
`$.` at the whole document; `$key` is the name under which an object holds the record. `step_count.value|step_count` is the first of the
two that leads anywhere: versions of one format. Of a list (`explode`, `records`) every one is asked.

In XML an element stands for its text; `@name` is an attribute, `$text` the record's own text, `$key` the name of the record's element, and
`prefix:name` is of a namespace that the contract states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from cgt_etl.errors import DeclarationError

PARENT = "^."
DOCUMENT = "$."
KEY = "$key"
THIS = "$this"
TEXT = "$text"
_STEP = re.compile(r"(?P<name>\$text|[^\W\d][\w:-]*|@[\w:-]*)(?P<selectors>(?:\[[^\]]+\])*)(?:\.|$)")
_ALTERNATIVE = re.compile(r"\|(?![^\[]*\])")  # not inside a selector
_SELECTOR = re.compile(r"\[([^\]]+)\]")


class Element(dict[str, Any]):
    """A node that has a text of its own beside the attributes and elements that it holds."""

    text: str | None = None
    """None where it holds elements."""


@dataclass(frozen=True)
class _Step:
    name: str
    selectors: tuple[int | tuple[Path, str], ...]


UNSURE: Final = object()
"""What `Path.text` gives where only `Path.find` can tell."""
_Quick = tuple[tuple[str, Any], ...]
"""Of each step its name, and None, 0 (the first of a list) or (path, text) that one of a list must have."""


@dataclass(frozen=True)
class Path:
    """A parsed path; without steps it leads to the node itself."""

    steps: tuple[_Step, ...]

    @cached_property
    def _quick(self) -> _Quick | None:
        """Its steps, where each has at most one selector, and no other place in a list than the first."""
        if any(len(step.selectors) > 1 or (isinstance(selector := next(iter(step.selectors), 0), int) and selector) for step in self.steps):
            return None
        return tuple((step.name, next(iter(step.selectors), None)) for step in self.steps)

    def text(self, node: Any) -> Any:  # noqa: PLR0911  for speed
        """The text where it leads to one leaf, None where it leads to nothing; UNSURE where it may lead to several, or to no leaf.

        Most cells of most records are found so, in a fraction of the time of `find`.
        """
        if self._quick is None:
            return UNSURE
        for name, selector in self._quick:
            node = node.get(name) if isinstance(node, dict) else None
            if node is None:
                return None
            if selector is None or selector == 0:
                if isinstance(node, list):
                    if selector is None:
                        return UNSURE
                    node = node[0] if node else None
                    if node is None or isinstance(node, list):  # what comes first may stand further on
                        return UNSURE
            elif (node := _selected(node, selector)) is UNSURE or node is None:
                return node
        if isinstance(node, str):
            return node
        return UNSURE

    @property
    def root(self) -> str:
        """The top-level element that it reads; empty where it reads none by name."""
        return self.steps[0].name if self.steps else ""

    def find(self, node: Any) -> list[Any]:
        """Everything it leads to from `node`, lists flattened, in document order; empty where an element is absent."""
        found = [node]
        for step in self.steps:
            found = [child for parent in found if isinstance(parent, dict) for child in _children(parent.get(step.name), step)]
        return found


def _selected(value: Any, selector: tuple[Path, str]) -> Any:
    """The one node that a selector leaves; None where none, UNSURE where there may be several."""
    nodes = value if isinstance(value, list) else [value]
    if any(isinstance(node, list) or node is None for node in nodes):
        return UNSURE
    path, wanted = selector
    found = None
    for node in nodes:
        text = path.text(node)
        if text is UNSURE or (text == wanted and found is not None):
            return UNSURE
        if text == wanted:
            found = node
    return found


def parse(text: str) -> Path:
    """Raises:
    DeclarationError: `text` is no path.
    """
    if text == THIS:
        return Path(())
    steps, at = [], 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            break
        steps.append(_Step(match["name"], tuple(_selector(part) for part in _SELECTOR.findall(match["selectors"]))))
        at = match.end()
    if at < len(text) or not steps or text.endswith("."):
        raise DeclarationError(f"`{text}` is no path inside a record", remedy="Write steps like code.coding[system=http://loinc.org].code")
    return Path(tuple(steps))


def of_cell(text: str) -> tuple[tuple[str, Path], ...]:
    """(`DOCUMENT`, `PARENT`, `KEY`, or empty where it starts at the element itself; the path from there) of each alternative, in order.

    Raises:
        DeclarationError: `text` is no path.
    """
    return tuple(_from_where(one) for one in _ALTERNATIVE.split(text))


def of_list(text: str) -> tuple[Path, ...]:
    """The paths of a list's elements, which all of them lead to.

    Raises:
        DeclarationError: `text` is no path.
    """
    return tuple(parse(one) for one in _ALTERNATIVE.split(text))


def _from_where(text: str) -> tuple[str, Path]:
    if text == KEY:
        return KEY, Path(())
    start = next((one for one in (DOCUMENT, PARENT) if text.startswith(one)), "")
    return start, parse(text.removeprefix(start))


def _selector(text: str) -> int | tuple[Path, str]:
    if text.isdigit():
        return int(text)
    path, equals, value = text.partition("=")
    if not equals:
        raise DeclarationError(f"`[{text}]` is no selector", remedy="Write [0] or [path=text]")
    return parse(path), value


def _children(value: Any, step: _Step) -> Iterator[Any]:
    if value is None:
        return
    nodes = list(_flat(value))
    for selector in step.selectors:
        if isinstance(selector, int):
            nodes = nodes[selector : selector + 1]
        else:
            path, wanted = selector
            nodes = [node for node in nodes if any(scalar(leaf) == wanted for leaf in path.find(node))]
    yield from nodes


def _flat(value: Any) -> Iterator[Any]:
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(reversed(node))
        elif node is not None:
            yield node


def scalar(leaf: Any) -> str | None:
    """The text of a leaf; None where it is no leaf. Numbers were parsed as their delivered text."""
    if isinstance(leaf, bool):
        return "true" if leaf else "false"
    if isinstance(leaf, Element):
        return leaf.text
    return leaf if isinstance(leaf, str) else None
