"""The gate's suites: JSON files in `expectations/suites/`, in the form of Great Expectations, read without importing it.

A suite's `meta` says which aggregates it looks at and which of their columns name a row; an expectation's `meta` holds its rule id,
title and reason; its `severity` says what it does: `critical` blocks, `warning` warns.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cgt_etl.errors import DeclarationError
from cgt_etl.settings import REPOSITORY

FOLDER = REPOSITORY / "expectations"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectationMeta(_Closed):
    rule: Annotated[str, Field(pattern=r"^[A-Z]\d{2}$")]
    title: str
    reason: str


class Expectation(_Closed):
    """One expectation, as Great Expectations takes it."""

    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning"]
    meta: ExpectationMeta


class SuiteMeta(_Closed):
    purpose: str
    batch: str
    """`tables`, `links`, or the stem of a file in `expectations/batches/`."""
    index: list[str]
    """Columns of the batch that name a row: tables, rules, quantities; never a key of data."""


class _Document(_Closed):
    name: str
    meta: SuiteMeta
    expectations: Annotated[list[Expectation], Field(min_length=1)]


@dataclass(frozen=True)
class Suite:
    """One suite. `content` is the JSON as it stands in the file."""

    name: str
    meta: SuiteMeta
    expectations: tuple[Expectation, ...]
    content: dict[str, Any]


def load() -> tuple[Suite, ...]:
    """Every suite, by name.

    Raises:
        DeclarationError: a file is no suite, with the place in it, or there is none at all.
    """
    found = tuple(_suite(path) for path in sorted((FOLDER / "suites").glob("*.json")))
    if not found:
        raise DeclarationError("expectations/suites holds no suite", remedy="Restore the folder from the repository")
    return found


def catalogue() -> list[dict[str, str]]:
    """The rules that live in the suites, as rows of the rule catalogue: rule_id, title, effect, reason."""
    return [
        {
            "rule_id": expectation.meta.rule,
            "title": expectation.meta.title,
            "effect": "block" if expectation.severity == "critical" else "warn",
            "reason": expectation.meta.reason,
        }
        for suite in load()
        for expectation in suite.expectations
    ]


def _suite(path: Path) -> Suite:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        document = _Document.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DeclarationError(f"at `{place}`: {first['msg']}", file=f"expectations/suites/{path.name}", remedy="Mend the suite") from error
    except (OSError, ValueError) as error:
        raise DeclarationError("this is not JSON", file=f"expectations/suites/{path.name}", remedy="Mend the suite") from error
    if document.name != path.stem:
        raise DeclarationError("the suite has another name than its file", file=f"expectations/suites/{path.name}", remedy="Rename one")
    return Suite(document.name, document.meta, tuple(document.expectations), content)
