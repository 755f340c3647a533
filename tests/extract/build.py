"""Small contracts for the tests of readers and door, built without files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cgt_etl.contracts.load import BoundRule, ColumnSpec, ObjectSpec
from cgt_etl.contracts.model import Column, ObjectExtension, Rule


def column(
    name: str,
    physical: str | None = None,
    *,
    position: int | None = None,
    required: bool = False,
    rules: Iterable[tuple[str, str, dict[str, Any]]] = (),
    **extension: Any,
) -> ColumnSpec:
    """A column; its cast is text, kept, unless `extension` says otherwise."""
    given = {"cast": "text", "privacy": "none", "action": "keep", **extension}
    bound = tuple(BoundRule(rule, Rule(check=check, arguments=arguments)) for rule, check, arguments in rules)
    return ColumnSpec(name, physical or name, "a column", required, position, Column.model_validate(given), bound)


def table(name: str, *columns: ColumnSpec, **extension: Any) -> ObjectSpec:
    return ObjectSpec(name, "an object", ObjectExtension.model_validate(extension), columns)
