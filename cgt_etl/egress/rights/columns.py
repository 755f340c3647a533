"""Released columns as agreements see them: the intellectual-property tier of each where no agreement says another.

Says nothing twice: the privacy class is the models' (`release.marts`), what a shared view may hold is the sharing policy's
(`egress.policy`), and the tier follows from both. Reads no data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from cgt_etl.egress.policy import Drop, Policy, Table
from cgt_etl.release.marts import Mart

Tier = Literal["private", "aggregate_only", "network"]
"""
private         for its contributor alone: in no row and in no count that others see
aggregate_only  also in what is counted over many contributors and protected before it goes out
network         also row by row, in the form of a shared view, to whom an agreement gives it
"""
TIERS: tuple[Tier, ...] = get_args(Tier)
Form = Literal["aggregate", "row"]
"""How others get a column. An `aggregate` is what passes the collective egress, a `row` what passes a shared view."""
FORMS: tuple[Form, ...] = get_args(Form)
NEEDED: dict[Form, Tier] = {"aggregate": "aggregate_only", "row": "network"}
"""The tier that a column needs for others to get it in a form."""


@dataclass(frozen=True)
class Column:
    """A released column. `tier` is what it has by default; `because` says why that is."""

    tier: Tier
    is_in_shared_views: bool
    because: str

    @property
    def highest(self) -> Tier:
        """The highest tier that an agreement may give it: what no shared view holds, no agreement gives away row by row."""
        return "network" if self.is_in_shared_views else "aggregate_only"


Catalogue = Mapping[str, Mapping[str, Column]]
"""Table -> column -> what agreements need to know of it."""


def catalogue(marts: Iterable[Mart], policy: Policy) -> Catalogue:
    """Every released table and column.

    What a shared view holds may go to the network. A manufacturer's know-how, and what the sharing policy drops, withholds or does not
    name, is private: only an agreement that names the column lets it be counted.
    """
    return {mart.name: {one.name: _column(mart.name, one.name, one.privacy, policy) for one in mart.columns} for mart in marts}


def is_at_least(tier: Tier, other: Tier) -> bool:
    """Whether a tier gives as much as another, or more."""
    return TIERS.index(tier) >= TIERS.index(other)


def _column(table: str, column: str, privacy: str, policy: Policy) -> Column:
    said = policy.tables.get(table)
    action = (said.columns.get(column) or policy.everywhere.get(column)) if isinstance(said, Table) else None
    is_shared = action is not None and not isinstance(action, Drop)
    if privacy == "proprietary":
        return Column("private", is_shared, "proprietary")
    if said is None or (isinstance(said, Table) and action is None):
        return Column("private", False, "the sharing policy does not name it")
    if not isinstance(said, Table):
        return Column("private", False, f"withheld from shared views: {said.withheld}")
    if isinstance(action, Drop):
        return Column("private", False, f"dropped from shared views: {action.drop}")
    return Column("network", True, "shared views hold it")
