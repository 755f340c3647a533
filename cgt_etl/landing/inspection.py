"""What a tokenised delivery may hold: the tables that its contract gives, tokens where the contract says so, links and verdicts that fit
them, and nothing else.

A hub cannot judge texts that it never sees: what a kept column holds is the partner's word. It sees to it that no column and no token is
there that its own door would not have written. Reads files that were unpacked and gives their rows; opens no home.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet

from cgt_etl.contracts.accepted import accepted_tables
from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.contracts.registry import Binding
from cgt_etl.contracts.vocabulary import rules
from cgt_etl.door.accept import PARTED
from cgt_etl.door.admit import UNMAPPED, Admission
from cgt_etl.door.demographics import FORMS
from cgt_etl.door.ledger import DEMOGRAPHICS, LINKS, VERDICTS
from cgt_etl.errors import RefusedFile
from cgt_etl.landing.bundle import Told, refused
from cgt_etl.landing.folder import DEMOGRAPHIC_FILE, LINK_FILE, ROW_GROUP, VERDICT_FILE

_HEX32: Final = r"^[0-9a-f]{32}$"
_LEAK: Final = "An identifier may have reached the hub in it: remove the file, and tell its partner"
_EFFECTS: Final = ["row", "cell", "flag"]
_LINKED: Final = ["source_row", "source_item", "object", "column", "record_key", "partner_token"]
_OF_COLUMN: Final = ["object", "column", "kind", "issuer", "person", "of"]


@dataclass
class Inspection:
    """Of one delivery, whose files lie in `folder` under the names that `told` gives them. Tables first, then the rest."""

    binding: Binding
    told: Told
    source_delivery: str
    folder: Path
    _linked: list[pl.DataFrame] = field(default_factory=list)

    def check_names(self) -> None:
        """Raises RefusedFile: a table is missing, or there is one that the contract has not; or a file that was refused whole has any."""
        if self.told.status == "refused":
            _check_refusal(self.told)
            return
        wanted = {*(f"accepted/{name}.parquet" for spec in self._objects for name in accepted_tables(spec)), LINK_FILE, VERDICT_FILE}
        if set(self.told.files) - {DEMOGRAPHIC_FILE} != wanted:
            raise refused("its tables are not those of its contract")
        if not self.told.counts.keys() >= {"units", "rows", "cells", "unmapped"}:
            raise refused("it does not say what became of its records")

    def tables(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """(table, some of its rows), at least once for each, in order.

        Raises:
            RefusedFile: columns or types are not the contract's; a row is another delivery's, or out of order; a token is none.
        """
        for spec in self._objects:
            for name, schema in accepted_tables(spec).items():
                split = name.removeprefix(f"{spec.name}__") if name != spec.name else None
                columns = [column for column in _tokenised(spec) if (column.name if column.extension.split else None) == split]
                last: tuple[int, int] | None = None
                for rows in self._read(f"accepted/{name}.parquet", schema):
                    last = self._check_rows(name, rows, columns, last)
                    self._linked += [_standing(name, rows, column) for column in columns]
                    yield name, rows

    def rest(self) -> Admission:
        """Links, demographics, verdicts and counts, once all tables were read.

        Raises:
            RefusedFile: they do not fit the contract, the rows or each other.
        """
        links = pl.concat(self._read(LINK_FILE, _arrow(LINKS)))
        self._check_links(links)
        demographics = pl.DataFrame(schema=DEMOGRAPHICS)
        if DEMOGRAPHIC_FILE in self.told.files:
            demographics = pl.concat(self._read(DEMOGRAPHIC_FILE, _arrow(DEMOGRAPHICS)))
            self._check_demographics(demographics)
        verdicts = pl.concat(self._read(VERDICT_FILE, _arrow(VERDICTS)))
        self._check_verdicts(verdicts)
        return Admission({}, links, demographics, verdicts, [], dict(self.told.counts))

    @property
    def _objects(self) -> tuple[ObjectSpec, ...]:
        return self.binding.feed.objects

    def _read(self, name: str, schema: pa.Schema) -> Iterator[pl.DataFrame]:
        try:
            with pyarrow.parquet.ParquetFile(self.folder / name) as file:
                if [(of.name, of.type) for of in file.schema_arrow] != [(of.name, of.type) for of in schema]:
                    raise refused(f"the columns of {name} are not those of its contract", remedy=_LEAK)
                if file.metadata.num_rows != self.told.files[name].rows:
                    raise refused(f"{name} has not the rows that it names")
                yield _frame(schema.empty_table())
                for batch in file.iter_batches(ROW_GROUP):
                    yield _frame(pa.Table.from_batches([batch]))
        except (pa.ArrowException, OSError):
            raise refused(f"{name} is no Parquet file that can be read") from None

    def _check_rows(self, name: str, rows: pl.DataFrame, columns: list[ColumnSpec], last: tuple[int, int] | None) -> tuple[int, int] | None:
        said = {
            "source_delivery": self.source_delivery,
            "partner": self.binding.partner.partner,
            "site": self.binding.site_id,
            "sequence": self.told.sequence,
        }
        for system, value in said.items():
            if not rows[system].eq_missing(pl.Series([value])).all():
                raise refused(f"rows of {name} are not of this delivery")
        if rows.select(pl.col("source_row", "source_item", "is_retracted").has_nulls()).row(0) != (False, False, False):
            raise refused(f"rows of {name} do not say where they come from")
        places = list(rows.select("source_row", "source_item").iter_rows())
        if any(one > other for one, other in zip([last or (0, 0), *places], places, strict=False)):
            raise refused(f"rows of {name} are out of order")
        _check_tokens(rows["record_key"], f"{name}.record_key")
        for column in columns:
            _check_tokens(rows[column.name].drop_nulls(), f"{name}.{column.name}")
        return places[-1] if places else last

    def _check_links(self, links: pl.DataFrame) -> None:
        for name in ("record_key", "partner_token", "linkage_token"):
            _check_tokens(links[name], f"links.{name}")
        known = pl.DataFrame(list(self._identifiers()), schema=[*_OF_COLUMN, "states"], orient="row", schema_overrides=_TEXTS)
        named = links.join(known, on=_OF_COLUMN, how="left", nulls_equal=True)
        if named["states"].null_count():
            raise refused("it links what its contract does not call an identifier")
        says, states = pl.col("says"), pl.when(pl.col("states") != "").then("states")
        stated = says.is_null() | says.eq_missing(states) | (states.is_not_null() & says.eq_missing(pl.lit(PARTED)))
        if not named.select(stated.all()).item():
            raise refused("it states of two identifiers what its contract does not")
        linked = pl.concat([links.select(_LINKED).clear(), *self._linked])
        if not linked.sort(_LINKED).equals(links.select(_LINKED).sort(_LINKED)):
            raise refused("its links are not those of its rows")
        pairs = links.select("kind", "issuer", "partner_token", "linkage_token").unique()
        if any(pairs.select("kind", "issuer", token).is_duplicated().any() for token in ("partner_token", "linkage_token")):
            raise refused("one token of it stands for two identifiers")

    def _identifiers(self) -> Iterator[tuple[str, str, str, str, str | None, str | None, str]]:
        for spec in self._objects:
            for column in _tokenised(spec):
                of, table = column.extension, f"{spec.name}__{column.name}" if column.extension.split else spec.name
                stated = (of.states.column, of.states.says) if of.states else (None, "")
                yield table, column.name, of.identifier or "", self.binding.issuer_of(column), of.person, *stated

    def _check_demographics(self, said: pl.DataFrame) -> None:
        _check_tokens(said["token"], "demographics.token")
        of = [(spec.name, column.extension) for spec in self._objects for column in spec.columns]
        known = {(name, one.person, one.demographic) for name, one in of if one.demographic}
        named = set(said.select("object", "person", "demographic").iter_rows())
        if named - known or set(said["form"]) - FORMS:
            raise refused("it says of persons what its contract does not")

    def _check_verdicts(self, verdicts: pl.DataFrame) -> None:
        columns = {spec.name: {None, *(column.name for column in spec.columns)} for spec in self._objects}
        beside = self.told.counts["unmapped"].keys()
        for name, column, rule in verdicts.select("object", "column", "rule").unique().iter_rows():
            if column not in columns.get(name, set()) and not (rule == UNMAPPED and name == self._objects[0].name and column in beside):
                raise refused("it judges what its contract has not")
            if rule not in rules():
                raise refused("it judges by a rule that nobody knows")
        if not verdicts["effect"].is_in(_EFFECTS).all():
            raise refused("a verdict of it has no effect that there is")


_TEXTS = dict.fromkeys([*_OF_COLUMN, "states"], pl.String())


def _check_refusal(told: Told) -> None:
    if told.files or not told.reason or told.rule not in rules() or told.counts != {"bytes": {"in": told.size, "refused": told.size}}:
        raise refused("it tells of a refused file what cannot be")


def _tokenised(spec: ObjectSpec) -> list[ColumnSpec]:
    """Columns whose cells are tokens in accepted rows."""
    return [column for column in spec.columns if column.extension.is_accepted and column.extension.action == "token"]


def _standing(name: str, rows: pl.DataFrame, column: ColumnSpec) -> pl.DataFrame:
    """What links must say of these rows."""
    standing = rows.filter(~pl.col("is_retracted") & pl.col(column.name).is_not_null())
    return standing.select(
        "source_row",
        "source_item",
        pl.lit(name).alias("object"),
        pl.lit(column.name).alias("column"),
        "record_key",
        pl.col(column.name).alias("partner_token"),
    )


def _check_tokens(said: pl.Series, what: str) -> None:
    if said.null_count() or not said.str.contains(_HEX32).all():
        raise refused(f"{what} holds what is no token", remedy=_LEAK)


def _arrow(schema: pl.Schema) -> pa.Schema:
    """As a Parquet file of this project reads, which keeps no wide text."""
    types = {pl.String(): pa.string(), pl.Int64(): pa.int64()}
    return pa.schema([(name, types[of]) for name, of in schema.items()])


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise RefusedFile("a table has no columns")
    return frame
