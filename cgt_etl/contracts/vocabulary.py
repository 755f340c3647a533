"""The vocabularies that the door checks codes and units against: the same files that dbt loads as seeds.

Reads `cgt_etl/vocabularies/*.csv` once per process. Decides nothing: what an unknown code does to a cell is the door's business.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from cgt_etl.errors import DeclarationError
from cgt_etl.settings import PACKAGE

FOLDER = PACKAGE / "vocabularies"


@dataclass(frozen=True)
class Unit:
    """canonical value = value x `factor` + `offset`, in `canonical_unit`."""

    canonical_unit: str
    factor: float
    offset: float


@dataclass(frozen=True)
class Loinc:
    """What a LOINC code measures here, and the words one of which its display must contain (lower case; none: any display)."""

    measurement: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Range:
    """Plausible range in the measurement's canonical unit; an open end is None."""

    low: float | None
    high: float | None


@dataclass(frozen=True)
class Named:
    """A rule of the catalogue, in words."""

    title: str
    reason: str
    """Why it is there."""


@cache
def rules() -> MappingProxyType[str, Named]:
    """Rule id -> its words."""
    return MappingProxyType({row["rule_id"]: Named(row["title"], row["reason"]) for row in _rows("rules")})


@cache
def unit_map() -> MappingProxyType[tuple[str, str], Unit]:
    """(measurement, unit as written) -> how to bring it to the canonical unit."""
    rows = _rows("unit_map")
    return MappingProxyType(
        {
            (row["measurement"], row["unit"]): Unit(row["canonical_unit"], float(row["factor"]), float(row["unit_offset"] or 0))
            for row in rows
        }
    )


@cache
def loinc_map() -> MappingProxyType[str, tuple[Loinc, ...]]:
    """LOINC code -> what it may measure here."""
    found: defaultdict[str, list[Loinc]] = defaultdict(list)
    for row in _rows("loinc_map"):
        words = tuple(word.strip().lower() for word in row["display_must_contain"].split("|") if word.strip())
        found[row["loinc"]].append(Loinc(row["measurement"], words))
    return MappingProxyType({code: tuple(entries) for code, entries in found.items()})


@cache
def code_map() -> MappingProxyType[str, MappingProxyType[str, str]]:
    """Map -> local code as written -> canonical code."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in _rows("code_map"):
        found[row["map"]][row["local_code"]] = row["canonical"]
    return MappingProxyType({name: MappingProxyType(codes) for name, codes in found.items()})


@cache
def measurements() -> MappingProxyType[str, Range]:
    """Measurement -> its plausible range."""
    return MappingProxyType(
        {row["measurement"]: Range(_number(row["plausible_low"]), _number(row["plausible_high"])) for row in _rows("measurements")}
    )


def _number(text: str) -> float | None:
    return float(text) if text.strip() else None


def _rows(name: str) -> list[dict[str, str]]:
    path = FOLDER / f"{name}.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, strict=True))
    except FileNotFoundError:
        raise DeclarationError(
            "the vocabulary is missing", file=f"vocabularies/{name}.csv", remedy="Check out the repository whole"
        ) from None
