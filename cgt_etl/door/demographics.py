"""What a record says of a person beside identifiers, in several normal forms, each as a token under the linkage key.

Two spellings of one name share some form, two persons seldom share several: that is all a token can be compared by. No form of any text
goes anywhere but into a token; what agreement means is decided in `identity.proposals`, and never joins anybody.

    name        full (letters alone, without accents, case folded), phonetic (Metaphone), start (three letters, of a given name one)
    birth date  day, year, month_day, transposed (the day that month and day changed about would be)
    postcode    full, area (its first three characters)
    sex         full

A family name and a given name of the same letters have the same token, so that names changed about can be seen; so have a day and the
transposed day of another date.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from types import MappingProxyType

import jellyfish
import polars as pl

from cgt_etl.contracts.load import ColumnSpec
from cgt_etl.contracts.model import Demographic
from cgt_etl.contracts.vocabulary import code_map
from cgt_etl.door.ledger import DEMOGRAPHICS
from cgt_etl.door.tokens import token

_NAMES: dict[Demographic, int] = {"family_name": 3, "given_name": 1}
"""Letters that `start` takes."""
_AREA = 3
FORMS = frozenset({"full", "phonetic", "start", "day", "year", "month_day", "transposed", "area"})
"""Every form of any of them."""
_SEXES = ("female", "male")


def demographics(frame: pl.DataFrame, column: ColumnSpec, table: str, key: bytes) -> pl.DataFrame:
    """One row per form of each cell of `column` in the rows that stand; `key` is the linkage key."""
    of = column.extension
    demographic = of.demographic
    if demographic is None:
        return pl.DataFrame(schema=DEMOGRAPHICS)
    said = f"{column.name}_local" if of.cast == "date" else column.name
    codes = code_map().get(of.code_map or "", MappingProxyType({}))
    standing = frame.filter(~pl.col("is_retracted") & pl.col(said).is_not_null())
    made = [
        (text, form, token(key, f"demographic/{kind}", "", written))
        for text in standing[said].unique(maintain_order=True)
        for form, kind, written in forms(demographic, codes.get(text, text))
    ]
    known = pl.DataFrame(made, schema={said: pl.String(), "form": pl.String(), "token": pl.String()}, orient="row")
    return (
        standing.select("source_row", "source_item", said)
        .join(known, on=said, how="inner", maintain_order="left_right")
        .select(
            "source_row",
            "source_item",
            pl.lit(table).alias("object"),
            pl.lit(of.person).alias("person"),
            pl.lit(demographic).alias("demographic"),
            "form",
            "token",
        )
        .match_to_schema(DEMOGRAPHICS)
    )


def forms(demographic: Demographic, text: str) -> Iterator[tuple[str, str, str]]:
    """(form, kind of the token, what the token stands for) of one value; nothing of a value that says nothing."""
    match demographic:
        case "family_name" | "given_name":
            yield from _name(text, _NAMES[demographic])
        case "birth_date":
            yield from _birth_date(text)
        case "sex":
            if text in _SEXES:
                yield "full", "sex", text
        case "postcode":
            bare = "".join(sign for sign in text.casefold() if sign.isalnum())
            if bare:
                yield "full", "postcode", bare
            if len(bare) > _AREA:
                yield "area", "postcode/area", bare[:_AREA]


def _name(text: str, start: int) -> Iterator[tuple[str, str, str]]:
    """Of a single letter nothing but the start is known."""
    letters = "".join(sign for sign in unicodedata.normalize("NFKD", text).casefold() if sign.isalpha())
    if len(letters) > 1:
        yield "full", "name", letters
        if sound := jellyfish.metaphone(letters):
            yield "phonetic", "name/phonetic", sound
    if letters:
        yield "start", f"name/start/{start}", letters[:start]


def _birth_date(local: str) -> Iterator[tuple[str, str, str]]:
    """`local` is `1980`, `1980-04` or `1980-04-11`."""
    yield "year", "birth_date/year", local[:4]
    try:
        day = date.fromisoformat(local)
    except ValueError:
        return
    yield "day", "birth_date", local
    yield "month_day", "birth_date/month_day", local[5:]
    if day.day <= 12 and day.day != day.month:
        yield "transposed", "birth_date", f"{day.year:04d}-{day.day:02d}-{day.month:02d}"
