"""The Safe Harbor scan (R50, R51): every cell and every text of a folder, against the forms of the 18 identifiers and a list of words.

Judges what was written and knows no policy: a mistake there is found here. Says where something stands and under which rule, never what.
Identifiers are those of 45 CFR 164.514(b)(2)(i); forms of the domain (donation numbers, donor registry numbers, GS1 keys, air waybills)
count where their structure and check characters are right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from cgt_etl.door.identifiers import NotCanonical, canonicalise

_MONTH = r"(?:jan|feb|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zäé]*\.?"
_YEAR = r"(?:18|19|20|21)\d{2}"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MON = r"(?:0?[1-9]|1[0-2])"
_TOKEN = re.compile(r"(?=([0-9a-f]{32}))")
_HASH = re.compile(r"(?<![0-9a-z])(?:(?=[0-9]*[a-f])[0-9a-f]{16,64}|\d{4}-[0-9a-f]{16})(?![0-9a-z])")
"""Tokens, checksums and ids of releases, whose digits may look like a date; whether a token is one of the release is asked apart."""
_WORD = re.compile(r"[^\s,;|\"'<>]+")
_KINDS = {
    "din": "donation number",
    "grid": "donor registry number",
    "coi": "chain-of-identity number",
    "sscc": "GS1 key",
    "gtin": "GS1 key",
    "gln": "GS1 key",
    "awb": "air waybill",
}
"""Identifiers with a structure or check character of their own -> rule."""
FORMS: Mapping[str, re.Pattern[str]] = {
    "date": re.compile(
        rf"(?<!\d){_YEAR}[-/.]{_MON}(?:[-/.]{_DAY})?(?![\d-])|(?<!\d){_YEAR}-{_MON}-{_DAY}T"
        rf"|(?<![\d.]){_DAY}[-/.]{_MON}[-/.](?:{_YEAR}|\d{{2}})(?![\d.])|(?<![\d.]){_MON}/{_DAY}/(?:{_YEAR}|\d{{2}})(?!\d)"
        rf"|(?<!\d){_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{{2}}){{0,3}}(?!\d)"
        rf"|\b{_DAY}[-. ]{{1,2}}{_MONTH}[-. ]{{1,2}}(?:{_YEAR}|\d{{2}})\b|\b{_MONTH}[-. ]{{1,2}}(?:{_DAY},? )?{_YEAR}\b"
        rf"|(?<!\d){_YEAR}-?W\d{{2}}",
        re.IGNORECASE,
    ),
    "time of day": re.compile(r"(?<![\d:])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\d:])"),
    "e-mail": re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE),
    "URL": re.compile(r"\b(?:https?|ftp|file)://|\bwww\.|\burn:[a-z0-9]", re.IGNORECASE),
    "network address": re.compile(
        r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])|\b(?:[0-9a-f]{1,4}:){4,}[0-9a-f]{1,4}\b"
        r"|\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b",
        re.IGNORECASE,
    ),
    "telephone": re.compile(r"(?<!\w)\+\d[\d ().-]{6,}\d|(?<![\d-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\d-])|(?<!\d)0\d{2,4}[ /-]\d{5,}"),
    "social security number": re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"),
    "postal code": re.compile(r"^\d{5}(?:-\d{4})?$|\b[A-Z]{2} \d{5}\b|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\bD-\d{5}\b"),
    "record number": re.compile(r"(?<![\w.-])#?\d{6,}(?![\w.])|\bMRN\b", re.IGNORECASE),
    "serial or lot number": re.compile(r"(?<![\w.])(?:[A-Z]{1,6}-?\d{5,}|[A-Z][A-Z0-9]{0,5}(?:-[A-Z0-9]{1,8})+-\d{3,})(?!\w)"),
    "vehicle": re.compile(r"\b(?=[A-HJ-NPR-Z]*\d)(?=\d*[A-HJ-NPR-Z])[A-HJ-NPR-Z0-9]{17}\b"),
}
"""Rule -> what a text that breaks it contains. A year alone is none of them."""
_CODED = frozenset({("timeline", "code")})
"""Columns of codes of public terminologies (RxNorm's are plain numbers): digits there are no postal code and no record number."""
_NOT_OF_CODES = frozenset({"postal code", "record number", "GS1 key", "air waybill"})
_NAMED_AS = re.compile(r"birth|_date$|_at_utc$|_local$|^(?:mrn|ssn|name|address|zip|postal|phone|email)(?:_|$)")
_OLDEST = 90


@dataclass(frozen=True, order=True)
class Hit:
    """Where something was found that must not be shared: file or table, column (empty for a text), rule. Never the value."""

    table: str
    column: str
    rule: str

    def __str__(self) -> str:
        return f"{self.table}{f', column {self.column}' if self.column else ''}: {self.rule}"


@dataclass(frozen=True)
class Forbidden:
    """What must not be found whatever its form: `tokens` (32 hex digits) and `words` (names and the like, in any case of letters)."""

    tokens: frozenset[str] = field(repr=False)
    words: frozenset[str] = field(repr=False)

    def pattern(self) -> re.Pattern[str] | None:
        words = sorted({word.strip() for word in self.words if len(word.strip()) > 3})
        return re.compile("|".join(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in words), re.IGNORECASE) if words else None


def scan(folder: Path, forbidden: Forbidden, stated: Mapping[str, frozenset[str]] | None = None) -> list[Hit]:
    """Everything found in the files of `folder`: tables cell by cell, other files as text; empty when all is well.

    Args:
        stated: texts that a file (by its place in the folder) may hold, though they are on the list: between whom an agreement is.
    """
    words = forbidden.pattern()
    hits: set[Hit] = set()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        hits |= {Hit(name, "name of the file", rule) for rule in _of_text(name, forbidden, words)}
        if file.suffix == ".parquet":
            hits |= set(_of_table(file, forbidden, words))
        else:
            texts = set(_texts(file)) - (stated or {}).get(name, frozenset())
            hits |= {Hit(name, "", rule) for text in texts for rule in _of_text(text, forbidden, words)}
    return sorted(hits)


def rules_of(text: str) -> set[str]:
    """The rules of form that a text breaks."""
    text = _HASH.sub("", text)
    found = {rule for rule, form in FORMS.items() if form.search(text)}
    for word in {text, *_WORD.findall(text)}:
        found |= {rule for kind, rule in _KINDS.items() if 11 <= len(word) <= 40 and _is(kind, word)}
    return found


def _of_text(text: str, forbidden: Forbidden, words: re.Pattern[str] | None) -> set[str]:
    found = rules_of(text)
    if any(token in forbidden.tokens for token in _TOKEN.findall(text)):
        found.add("token of the release")
    if words and words.search(text):
        found.add("name or word on the list")
    return found


def _of_table(file: Path, forbidden: Forbidden, words: re.Pattern[str] | None) -> Iterator[Hit]:
    table = file.parent.name
    schema = pq.read_schema(file)
    for key, value in (schema.metadata or {}).items():
        said = f"{key.decode(errors='replace')} {value.decode(errors='replace')}"
        yield from (Hit(table, "metadata of the file", rule) for rule in _of_text(said, forbidden, words))
    frame = pl.read_parquet(file)
    for column in frame.columns:
        if _NAMED_AS.search(column):
            yield Hit(table, column, "name of the column")
        values = frame[column].drop_nulls().unique()
        yield from (Hit(table, column, rule) for rule in _of_column(table, column, values, forbidden, words))


def _of_column(table: str, column: str, values: pl.Series, forbidden: Forbidden, words: re.Pattern[str] | None) -> set[str]:
    if values.dtype == pl.String:
        is_token = values.str.contains("^[0-9a-f]{32}$")  # most cells, and no form to look for in them
        found = {rule for text in values.filter(~is_token) for rule in _of_text(text, forbidden, words)}
        if not forbidden.tokens.isdisjoint(values.filter(is_token)):
            found.add("token of the release")
        return found - _NOT_OF_CODES if (table, column) in _CODED else found
    if values.dtype.is_temporal():
        return {"date"}
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
        return {"neither text, number nor truth value"}
    found = set()
    if "age" in column.split("_") and len(values) and float(values.max()) > _OLDEST:  # type: ignore[arg-type]
        found.add("age above 89")
    if values.dtype.is_integer() and any(FORMS["date"].search(str(value)) or _is_clock(value) for value in values):
        found.add("date")
    return found


def _is_clock(value: int) -> bool:
    """Whether a whole number may be seconds, milli- or microseconds since 1970, of this century."""
    return any(946_684_800 <= value // scale < 4_102_444_800 for scale in (1, 1_000, 1_000_000))


def _is(kind: str, word: str) -> bool:
    try:
        canonicalise(kind, word)
    except NotCanonical:
        return False
    return True


def _texts(file: Path) -> Iterable[str]:
    """The texts of a file that is no table: every key and text of a JSON document, else every line."""
    content = file.read_text(encoding="utf-8")
    return _leaves(json.loads(content)) if file.suffix == ".json" else content.splitlines()


def _leaves(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield str(key)
            yield from _leaves(value)
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value)
    elif isinstance(node, str):
        yield node
