"""The sharing policy: what becomes of each table and column of a release, and which consents cover which purpose.

Holds the closed model of `policy.yaml` and its reader. Touches no data. Denies by default: what the policy does not name is not shared.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from cgt_etl.contracts.closed import Closed, Slug
from cgt_etl.errors import DeclarationError
from cgt_etl.settings import PACKAGE

FILE = PACKAGE / "egress" / "policy.yaml"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Plain = Literal["keep", "category", "key", "site", "day", "age"]
"""
keep      as it is
category  a code; one that fewer people than the minimum cell have becomes `suppressed`
key       the id of a row: a token under the share's own key; null where that row is not shared
site      an organisation or place: a token under the share's own key; null where fewer people than the minimum cell are seen there
day       a date or instant: days from the index event of the row's component
age       whole years, computed in the build from the full birth date; 90 stands for every age above 89
"""


class Drop(Closed):
    """A column that is not shared, and why."""

    drop: Annotated[str, Field(min_length=3)]


class Band(Closed):
    """A number as the lower end of its band, `band` wide; null where fewer people than the minimum cell are in the band."""

    band: Annotated[float, Field(gt=0)]


class Digits(Closed):
    """A number rounded to `digits` significant digits."""

    digits: Annotated[int, Field(ge=1, le=6)]


Action = Plain | Drop | Band | Digits


class ReachedBy(Closed):
    """A thing that names nobody belongs to what names it: in rows of `table`, the column `thing` has its id, and `by` who names it."""

    table: Slug
    thing: Slug
    by: Slug


class Table(Closed):
    """One shared table.

    `hangs_on` are the columns whose persons and things the row is about: it is shared where one of them is and none is left out, and
    all of them are one component. `id` names the row for others to hang on; a row without one needs all of `hangs_on` shared.
    `person` says whose row it is, for ages and minimum cells; a thing's id there stands for that thing's person.
    """

    hangs_on: tuple[Slug, ...] = ()
    id: Slug | None = None
    person: Slug | None = None
    reached_by: ReachedBy | None = None
    inherits: bool = False
    """Also hangs on its parents in `product_edge`."""
    without: dict[Slug, tuple[str, ...]] = Field(default_factory=dict)
    """Rows with one of these values in that column are not shared."""
    columns: dict[Slug, Action]

    @property
    def needs(self) -> set[str]:
        """Columns without which nobody can say whether a row is shared."""
        return {*self.hangs_on, *self.without, *(name for name in (self.id, self.person) if name)}

    @model_validator(mode="after")
    def _is_about_something(self) -> Table:
        if not self.hangs_on and not self.reached_by and self.id is None:
            raise ValueError("a shared table says whom its rows are about: `hangs_on`, `reached_by` or `id`")
        if unknown := sorted(self.needs - set(self.columns)):
            raise ValueError(f"columns without an action: {', '.join(unknown)}")
        return self


class Withheld(Closed):
    """A table that is not shared at all, and why."""

    withheld: Annotated[str, Field(min_length=3)]


class Index(Closed):
    """Where day 0 of a component may come from: the earliest `column` of the component's shared rows of `table`."""

    code: Slug
    table: Slug
    column: Slug


class Purpose(Closed):
    """A use that data may be shared for, and the consents that cover it.

    Terms are of the GA4GH Data Use Ontology (DUO) or HL7 ActReason. `unnamed` says whether a consent of the scope that names no purpose
    covers it. A record that carries one of `restrictions` covers nothing unless the share accepts that term.
    """

    use: str
    """The same as a DUO permission, by which agreements are asked; a share may ask for one that it covers."""
    scopes: tuple[Slug, ...]
    terms: tuple[str, ...]
    unnamed: bool = False
    restrictions: tuple[str, ...] = ()


class Policy(Closed):
    """The whole policy. Tables stand in the order in which one hangs on another."""

    version: str
    index: tuple[Index, ...]
    purposes: dict[Slug, Purpose]
    everywhere: dict[Slug, Drop]
    """Columns that no table shares, whatever table they are in."""
    tables: dict[Slug, Table | Withheld]

    @property
    def shared(self) -> dict[str, Table]:
        return {name: table for name, table in self.tables.items() if isinstance(table, Table)}

    def purpose(self, name: str) -> Purpose:
        """Raises CgtError: the policy knows no such purpose."""
        if name not in self.purposes:
            raise DeclarationError(
                "the sharing policy knows no such purpose", rule="R55", remedy=f"It has: {', '.join(sorted(self.purposes))}"
            )
        return self.purposes[name]


def load(path: Path = FILE) -> Policy:
    """The policy in `path`.

    Raises:
        DeclarationError: it says what no policy may say.
    """
    try:
        return Policy.model_validate(yaml.load(path.read_bytes(), Loader=_Loader))  # noqa: S506  a safe loader either way
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DeclarationError(f"the sharing policy is wrong at {where}: {first['msg']}", file=path.name, remedy="Mend it") from None


def digest(path: Path = FILE) -> str:
    """sha256 of the policy's bytes, as 64 hex digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unspoken(policy: Policy, released: dict[str, list[str]]) -> list[str]:
    """`table` or `table.column` of every released table and column that the policy does not name: none of them is shared."""
    found = []
    for name, columns in released.items():
        said = policy.tables.get(name)
        if said is None:
            found.append(name)
        elif isinstance(said, Table):
            found += [f"{name}.{column}" for column in columns if column not in said.columns and column not in policy.everywhere]
    return sorted(found)
