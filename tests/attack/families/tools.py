"""What other tools leave of a night that was really played: Data Docs of Great Expectations, artefacts and logs of dbt, storage of Dagster.

The attacker has their bytes, and looks in them for anything that stands in a row: numbers, times, codes and tokens long enough that they
are not there by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polars as pl

from tests.attack.history import Figure, Found

ROOT = Path(__file__).resolve().parents[3]
PLACES = ("quality", "dbt", "dagster")
"""Below a home; there is storage of Dagster where it played the night."""
DECLARED = ("cgt_etl", "dbt_project", "expectations")
"""What stands in the repository is no secret: codes of vocabularies, limits of rules, formulas."""
OF_THE_DOOR = ("source_delivery", "sequence", "partner", "site")
"""Columns of accepted rows that say where a row stands."""
WORD = re.compile(r"(?=(?:[^\d\s]*\d){4})[\w.:+-]{8,}")
"""Four digits in eight signs, or more."""
_ANY = re.compile(rb"[\w.:+-]{8,}")


def attack(home: Path) -> Iterator[Found]:
    """Words of rows in what the tools left; a tool that left nothing; rows without words."""
    rows, known = words_of_rows(home), _declared() | _of_deliveries(home)
    secret = {word.encode() for word in rows - known}
    if not secret:
        yield _told("there is nothing in the rows that could be found")
    for place in PLACES:
        files = [path for path in (home / place).rglob("*") if path.is_file() and not path.is_symlink()]
        if not files:
            yield _told(f"{place} holds nothing: the search would find nothing")
        for path in files:
            found = secret & set(_ANY.findall(path.read_bytes()))
            if found:
                yield _told(f"{path.relative_to(home)}: {len(found)} words of rows")


def words_of_rows(home: Path, tenant: str = "*") -> set[str]:
    """Words of the accepted rows and links of a tenant, or of all."""
    found: set[str] = set()
    for path in [*home.glob(f"landing/{tenant}/*/*/*/accepted/*.parquet"), *home.glob(f"landing/{tenant}/*/*/*/links.parquet")]:
        frame = pl.read_parquet(path)
        for column in frame.columns:
            if column not in OF_THE_DOOR:
                found |= set(WORD.findall(" ".join(map(str, frame[column].drop_nulls().unique().to_list()))))
    return found


@cache
def _declared() -> frozenset[str]:
    files = (
        path for place in DECLARED for path in (ROOT / place).rglob("*") if path.suffix in {".csv", ".json", ".py", ".sql", ".yaml", ".yml"}
    )
    texts = (path.read_bytes().decode("latin-1") for path in files)
    # A time in a YAML file is one word once a tool has read it.
    return frozenset(word for text in texts for said in (text, re.sub(r"(\d) (?=\d\d:)", r"\1T", text)) for word in WORD.findall(said))


def _of_deliveries(home: Path) -> set[str]:
    """Names, hashes and counts, which are told in the clear."""
    return {word for path in home.glob("landing/*/*/*/*/manifest.json") for word in WORD.findall(path.read_text(encoding="utf-8"))}


def _told(says: str) -> Found:
    return Found(Figure.TOLD, says)
