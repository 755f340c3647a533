"""What every declaration is made of: a model that refuses unknown keys, a name, a pattern with a group. Holds no declaration."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def with_group(pattern: str | None, group: str | None = None) -> str | None:
    """The pattern, where it is a regular expression with the group (any named one where none is asked for).

    Raises:
        ValueError: it is not, in words for pydantic to report.
    """
    found = {} if pattern_of(pattern) is None else re.compile(str(pattern)).groupindex
    if pattern is not None and (group not in found if group else not found):
        raise ValueError(f"the pattern needs a group named `{group}`" if group else "the pattern names no group")
    return pattern


def pattern_of(pattern: str | None) -> str | None:
    """The pattern, where it is a regular expression. Raises ValueError."""
    try:
        re.compile(pattern or "")
    except re.error as error:
        raise ValueError(f"this is no regular expression: {error.msg}") from None
    return pattern


class Closed(BaseModel):
    """A declaration that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
