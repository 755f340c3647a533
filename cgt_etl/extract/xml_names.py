"""What paths call elements and attributes of XML: their local names, after a prefix of the contract where it states namespaces.

The parser is left without namespaces on purpose: it would write a namespace out before each name, and a long one before each of many
attributes. Holds no data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cgt_etl.extract import limits

_XML: Final = "http://www.w3.org/XML/1998/namespace"
_SCHEMA_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_INCLUDE: Final = ("http://www.w3.org/2001/XInclude", "http://www.w3.org/2003/XInclude")
_ELSEWHERE: Final = "*"
"""Prefix of what is of a namespace that the contract does not state; no path has it."""
_NIL: Final = "nil"
_MOST_SHAPES: Final = 1_000
"""Combinations of names that are remembered; a document has a few dozens."""

Attribute = tuple[str, str]
"""Name and text."""


class WrongName(Exception):
    """A name that cannot be; the text says why, and never which."""


_Called = tuple[str, list[str | None]]
"""Names of an element and of its attributes; None is an attribute that is not of the data."""


class _Scope:
    """Namespaces that hold in an element, and what names were found to be there."""

    def __init__(self, bound: dict[str, str]) -> None:
        self.bound = bound
        """Prefix in the document -> namespace."""
        self.called: dict[tuple[str, ...], _Called] = {}
        """By the names of an element and its attributes as the document writes them."""


class Names:
    """The names of one document, element by element."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        """`namespaces`: prefix of the contract's paths (may be empty) -> namespace; none at all where only local names count."""
        self._stated = {namespace: prefix for prefix, namespace in namespaces.items()}
        self._scopes = [_Scope({"xml": _XML, "": ""})]

    def enter(self, name: str, attributes: list[str]) -> tuple[str, list[Attribute], bool]:
        """An element begins: its name, its attributes (`@name`), and whether it says that it is nil. `attributes`: names and texts in turn.

        Attributes that declare namespaces or only tell of a schema are left out.

        Raises:
            WrongName: a prefix that is not declared, a name or a namespace that is too long, an element of XInclude.
        """
        scope = self._scopes[-1]
        written = (name, *attributes[::2])
        called = scope.called.get(written)
        if called is None:
            scope = self._scope(scope, attributes)
            called = self._element(scope, name), [self._attribute(scope, attribute) for attribute in written[1:]]
            if len(scope.called) < _MOST_SHAPES:
                scope.called[written] = called
        self._scopes.append(scope)
        element, names = called
        texts = attributes[1::2]
        if None not in names and _NIL not in names:
            return element, list(zip(names, texts, strict=True)), False  # type: ignore[arg-type]  # each has a name
        is_nil = _NIL in names and texts[names.index(_NIL)].strip() in ("true", "1")
        kept = [(attribute, text) for attribute, text in zip(names, texts, strict=True) if attribute is not None and attribute != _NIL]
        return element, kept, is_nil

    @property
    def bound(self) -> dict[str, str]:
        """Prefix in the document -> namespace, where it is now."""
        return self._scopes[-1].bound

    def leave(self) -> None:
        """The element that was entered last ends."""
        self._scopes.pop()

    def _scope(self, around: _Scope, attributes: list[str]) -> _Scope:
        """The namespaces of an element: those around it, and those that its attributes declare."""
        declared = {
            name.partition(":")[2]: namespace
            for name, namespace in zip(attributes[::2], attributes[1::2], strict=True)
            if name == "xmlns" or name.startswith("xmlns:")
        }
        if any(len(namespace) > limits.MAX_NAMESPACE_CHARACTERS for namespace in declared.values()):
            raise WrongName(f"a namespace is longer than {limits.MAX_NAMESPACE_CHARACTERS} characters")
        return _Scope(around.bound | declared) if declared else around

    def _element(self, scope: _Scope, name: str) -> str:
        namespace, local = self._split(scope, name, is_attribute=False)
        return self._called(namespace, local, is_attribute=False)

    def _attribute(self, scope: _Scope, qualified: str) -> str | None:
        """`@` and its name, `_NIL`, or None where it is not of the data."""
        if qualified == "xmlns" or qualified.startswith("xmlns:"):
            return None
        namespace, local = self._split(scope, qualified, is_attribute=True)
        if namespace == _SCHEMA_INSTANCE:
            return _NIL if local == "nil" else None
        return f"@{self._called(namespace, local, is_attribute=True)}"

    def _called(self, namespace: str, local: str, *, is_attribute: bool) -> str:
        if namespace == _XML:
            return f"xml:{local}"
        if not self._stated or (is_attribute and not namespace):
            return local
        prefix = self._stated.get(namespace, "" if not namespace and "" not in self._stated.values() else _ELSEWHERE)
        return f"{prefix}:{local}" if prefix else local

    def _split(self, scope: _Scope, qualified: str, *, is_attribute: bool) -> tuple[str, str]:
        """(namespace, local name); an attribute without a prefix is in no namespace."""
        if len(qualified) > limits.MAX_NAME_CHARACTERS:
            raise WrongName(f"a name is longer than {limits.MAX_NAME_CHARACTERS} characters")
        prefix, colon, local = qualified.rpartition(":")
        if (colon and not prefix) or not local or ":" in prefix or prefix not in scope.bound or (prefix and not scope.bound[prefix]):
            raise WrongName("a name has a prefix that is not declared")
        namespace = "" if is_attribute and not prefix else scope.bound[prefix]
        if namespace in _INCLUDE:
            raise WrongName("it includes other documents (XInclude), which are not read")
        return namespace, local
