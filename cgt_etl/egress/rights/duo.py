"""Purposes and conditions of use in the words of the GA4GH Data Use Ontology (DUO), and which purpose covers which.

Holds the reader of `duo.yaml` and the one text form of a purpose: `DUO:0000006`, and for one disease `DUO:0000007 MONDO:0018905`. Decides
nothing: matching is done by the engine, over `within`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from cgt_etl.contracts.closed import Closed
from cgt_etl.contracts.load import read_yaml, validated
from cgt_etl.errors import CgtError

FILE = Path(__file__).with_suffix(".yaml")
DISEASE_SPECIFIC = "DUO:0000007"


class Permission(Closed):
    """A purpose. `within` is the one that covers it."""

    code: str
    label: str
    within: str | None = None


class Condition(Closed):
    """What a recipient must meet. `means` are conditions that together say the same; `never_with` is a purpose that it rules out."""

    code: str
    label: str
    means: tuple[str, ...] = ()
    never_with: str | None = None


class Disease(Closed):
    label: str
    within: str | None = None


class Vocabulary(Closed):
    """The terms that may be named."""

    permissions: dict[str, Permission]
    conditions: dict[str, Condition]
    diseases: dict[str, Disease]


@cache
def vocabulary() -> Vocabulary:
    return validated(Vocabulary, read_yaml(FILE), FILE, "")


def purpose(text: str) -> str:
    """The one form of a purpose that is written as a DUO term or its code, for one disease with a MONDO term behind a blank.

    Raises:
        CgtError: it is no term of `duo.yaml`, or disease specific research does not say of which disease.
    """
    known = vocabulary()
    term, *diseases = text.split(" ")
    term = _term(known.permissions, term, "purpose")
    if (term == DISEASE_SPECIFIC) != (len(diseases) == 1) or not set(diseases) <= set(known.diseases):
        raise CgtError(
            "disease specific research names one disease, and no other purpose names any",
            remedy=f"Write `{DISEASE_SPECIFIC} ` and one of {', '.join(known.diseases)}",
        )
    return " ".join([term, *diseases])


def conditions(texts: Iterable[str]) -> tuple[str, ...]:
    """Conditions by term or code, as terms in order, each once.

    Raises:
        CgtError: one is no term of `duo.yaml`.
    """
    return tuple(sorted({_term(vocabulary().conditions, text, "condition") for text in texts}))


def met(accepted: Iterable[str], of: str) -> frozenset[str]:
    """Every condition that is met where those in `accepted` are and the purpose is `of`: some say the same as others together.

    Raises:
        CgtError: one is no term of `duo.yaml`, or rules out the purpose.
    """
    found = set(conditions(accepted))
    for name, condition in vocabulary().conditions.items():
        if name in found:
            found.update(condition.means)
            if condition.never_with and condition.never_with == of:
                raise CgtError(f"condition {name} rules out the purpose {of}", remedy="Ask for another purpose, or without the condition")
    found.update(name for name, condition in vocabulary().conditions.items() if condition.means and found.issuperset(condition.means))
    return frozenset(found)


def covers() -> dict[str, tuple[str, ...]]:
    """Every purpose, in its one form -> those that cover it directly."""
    known = vocabulary()
    found = {name: _parents(one.within) for name, one in known.permissions.items()}
    for name, disease in known.diseases.items():
        found[f"{DISEASE_SPECIFIC} {name}"] = (f"{DISEASE_SPECIFIC} {disease.within}" if disease.within else DISEASE_SPECIFIC,)
    return found


def is_covered(purpose: str, by: str) -> bool:
    """Whether a purpose is another or one that the other covers, both in their one form."""
    return purpose == by or any(is_covered(wider, by) for wider in covers()[purpose])


def said(text: str) -> str:
    """A purpose (in its one form) or a condition with its code and label, for people."""
    known = vocabulary()
    term, _, disease = text.partition(" ")
    one = known.permissions.get(term) or known.conditions[term]
    return f"{text} ({one.code}, {one.label}{': ' + known.diseases[disease].label if disease else ''})"


def _parents(within: str | None) -> tuple[str, ...]:
    return (within,) if within else ()


def _term(known: Mapping[str, Permission | Condition], text: str, kind: str) -> str:
    found = text if text in known else next((name for name, one in known.items() if one.code == text), None)
    if found is None:
        listed = ", ".join(f"{name} ({one.code})" for name, one in known.items())
        raise CgtError(f"no {kind} that can be asked for", remedy=f"Known: {listed}")
    return found
