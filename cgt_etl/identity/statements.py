"""What somebody said outright of two identifiers: that they are one person's, or that they must never be joined.

Statements come from those who issue numbers (a merge in HL7 or FHIR, read from the links of the records that stand) and from the network's
stewards. Neither is evidence among other evidence: a record's mention yields to an issuer's statement, and that to a steward's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cgt_etl.identity.components import Ints


class Decision(NamedTuple):
    """A steward's, on two identifiers by their release tokens: `identifier_id` of the released table `subject_identifier`.

    Release tokens, since a steward sees no other, and since they are as stable as the keys: one for each linkage token, whatever else
    is delivered. A subject's id is no name to keep, for it changes when a person is joined or parted; its identifiers are. At most one
    decision on a pair counts, the last: that is the store's business, as is who decided and why.
    """

    one: str
    other: str
    says: Literal["same", "apart"]


@dataclass(frozen=True)
class Statements:
    """Equally long arrays, one entry per statement; the order of the two tokens of a pair means nothing."""

    one: Ints
    other: Ints
    is_same: NDArray[np.bool_]
    """Else the two are to stay apart."""
    row: Ints
    """The row (as in `Mentions`) that says so; -1 for a steward."""

    @classmethod
    def of(cls, said: Iterable[tuple[int, int, bool, int]] = ()) -> Statements:
        """From tuples (one, other, is_same, row); a statement on one token alone says nothing."""
        kept = [each for each in said if each[0] != each[1]]
        one, other, is_same, row = ([each[place] for each in kept] for place in range(4))
        return cls(
            np.array(one, dtype=np.int64), np.array(other, dtype=np.int64), np.array(is_same, dtype=np.bool_), np.array(row, dtype=np.int64)
        )


NOTHING_SAID = Statements.of()
