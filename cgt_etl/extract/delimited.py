"""Delimited text (CSV and its kin), read strictly in the stated dialect: nothing is sniffed, padded, skipped or typed.

A row is one record under the dialect, its position the physical line on which it starts; blank lines are no rows. A line ends at LF,
CR LF or CR. Where a labelled head is declared (`head`), its values are cells of every row below.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import TextIO

import polars as pl

from cgt_etl.contracts.formats import CsvFormat
from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import head
from cgt_etl.extract.limits import MAX_COLUMNS, MAX_FIELD_CHARACTERS
from cgt_etl.extract.plain_lines import PlainLines, columnar
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading, Rows
from cgt_etl.extract.text import Looked, encoding_of, look

_NAME = re.compile(r"(?!.*[0-9]{3})[A-Za-z_][A-Za-z0-9_.%/()+#-]{0,39}")
"""One word, no long number."""
_MOST_NAMED = 50
_LACKING = -1
"""Place of a column that the file lacks: one that is put behind each row, and where nothing stands."""
_NEW_VERSION = "Mend the export, or give the contract a new version"
_USUAL_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}


def reading(file: CsvFormat, path: Path, spec: ObjectSpec, name: str, ignored: frozenset[str] = frozenset()) -> Reading:
    """The rows of a delimited file delivered as `name`; see `cgt_etl.extract.open_reader`. `ignored` are labels of a head not read."""
    return Reading(lambda result: _Pass(file, path, spec, result, name=name, ignored=ignored).batches())


class _Lines:
    """Physical lines, counted, with those of the present record at hand."""

    def __init__(self, stream: TextIO, before: int = 0) -> None:
        """`before`: lines of the file before the stream's first."""
        self._stream = stream
        self.count = before
        self.record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        """Those that nobody has taken yet."""
        for line in self._stream:
            self.count += 1
            self.record.append(line)
            yield line


class _Foot:
    """The line that closes the table, where the contract says that there is one."""

    def __init__(self, file: CsvFormat) -> None:
        self._pattern = re.compile(file.foot) if file.foot else None
        self._padding = f" \t\r\n{file.delimiter}"
        self._found: re.Match[str] | None = None

    def stands_in(self, lines: list[str]) -> bool:
        """Whether these lines of one record are the foot."""
        if self._pattern is not None:
            self._found = self._pattern.fullmatch("".join(lines).rstrip(self._padding))
        return self._found is not None

    def wrong(self, rows: int, behind: int | None) -> str:
        """What is wrong with it after `rows` rows and with a record `behind` it; empty where nothing is."""
        if self._pattern is None:
            return ""
        if self._found is None:
            return "the file is truncated: the foot that closes its table is not there"
        stated = self._found.groupdict().get("rows")
        if stated is not None and not (stated.isdigit() and int(stated) == rows):
            return f"its foot states another number of rows than the {rows} above it"
        return "something follows the foot that closes its table" if behind is not None else ""


class _Carried:
    """What is written in the first row of a block alone."""

    def __init__(self, places: list[int]) -> None:
        self._places = places
        self._values = [""] * len(places)

    @property
    def is_asked(self) -> bool:
        """Whether the contract names any."""
        return bool(self._places)

    def forget(self) -> None:
        """A row could not be read: it may have begun another block."""
        self._values = [""] * len(self._places)

    def down(self, record: list[str]) -> list[str]:
        """The record with what the block says."""
        if any(record[place] for place in self._places):
            self._values = [record[place] for place in self._places]
            return record
        whole = list(record)
        for place, value in zip(self._places, self._values, strict=True):
            whole[place] = value
        return whole


@dataclass(frozen=True)
class _Table:
    """How the rows of one file are laid out."""

    repeated: list[list[str]]
    """Records of the header, none of which may come again."""
    width: int
    order: list[int]
    """Of each of the contract's columns, its place among the fields of a row and `said` behind them."""
    said: list[str | None]
    """What is said once for all rows."""
    margin: list[int]
    carried: list[int]
    """Places of columns without a name, and of those that a row may take from the one above."""
    has_foot: bool
    has_more_above: bool

    @property
    def is_simple(self) -> bool:
        """Whether a row is read without looking at others, or at what else stands in it."""
        return not (self.margin or self.carried or self.has_foot)

    def cells(self, lines: pl.DataFrame, place: int) -> pl.Expr:
        """What plain lines say in a column of the contract."""
        if 0 <= place < self.width:
            return pl.col(lines.columns[place])
        return pl.lit(self.said[place - self.width if place >= 0 else place], dtype=pl.String)


class _Pass:
    """One pass over one delimited file."""

    def __init__(self, file: CsvFormat, path: Path, spec: ObjectSpec, result: Reading, *, name: str, ignored: frozenset[str]) -> None:
        self._file, self._path, self._spec, self._result = file, path, spec, result
        in_head, self._name = file.head.columns if file.head else [], name
        self._above = [column for column in spec.columns if column.name in in_head]
        self._below = [column for column in spec.columns if column.name not in in_head and column.name not in file.in_name]
        self._ignored = ignored
        self._header_records: list[list[str]] = []
        self._first = 0
        """Position of the first row."""

    def batches(self) -> Iterator[Batch]:
        encoding = encoding_of(self._path, self._file.encoding, self._file.marked_encodings)
        looked = look(self._path, encoding)
        csv.field_size_limit(MAX_FIELD_CHARACTERS)
        with self._path.open(encoding=encoding, newline="") as stream:
            lines = _Lines(stream)
            for _ in range(self._file.header_lines - self._file.header_joined):
                next(iter(lines), None)
            table = self._table(lines)
        plain = PlainLines(
            self._path, lines.count, encoding=encoding, delimiter=self._file.delimiter, quote=self._file.quote, width=table.width
        )
        if table.is_simple:
            yield from self._quick(plain, table)
        with plain.rest(newline="") as stream:
            yield from self._careful(_Lines(stream, plain.lines), table, looked)
        if table.has_more_above and self._result.units:
            self._result.unmapped, self._result.unmapped_first = {head.OUTSIDE: self._result.units}, {head.OUTSIDE: self._first}

    def _table(self, lines: _Lines) -> _Table:
        """How the rows are laid out, told by the header and what stands above it."""
        above = self._divided(lines) if self._above else None
        header = above.header[1] if above else self._header(lines)
        once = {**(above.values if above else {}), **self._in_name()}
        named = self._named(header)
        names = [*(None for _ in named), *once]
        order = [self._place(column, names if column.name in once else named) for column in self._spec.columns]
        return _Table(
            repeated=[header] if above else self._header_records,
            width=len(named),
            order=order,
            said=[*once.values()] + ([None] if _LACKING in order else []),
            margin=[place for place, name in enumerate(named) if not name] if self._file.has_empty_margin else [],
            carried=[named.index(_plain(self._spec.column(name).physical_name)) for name in self._file.carried_down],
            has_foot=self._file.foot is not None,
            has_more_above=above is not None and above.has_more,
        )

    def _quick(self, plain: PlainLines, table: _Table) -> Iterator[Batch]:
        """The rows of plain lines."""
        for lines in plain:
            if any(record and (lines["0"] == record[0]).any() for record in table.repeated):
                return  # the header may come again
            places = zip(self._spec.columns, table.order, strict=True)
            cells = lines.select(**{column.name: table.cells(lines, place) for column, place in places})
            self._result.units += cells.height
            self._first = self._first or plain.lines + 1
            yield from columnar(self._spec, plain.lines + 1, cells).parts()

    def _careful(self, lines: _Lines, table: _Table, looked: Looked) -> Iterator[Batch]:
        pick = itemgetter(*table.order, 0)  # one more, so that it gives a tuple of a single column too
        said, margin, repeated, width, has_foot = table.said, table.margin, table.repeated, table.width, table.has_foot
        carried = _Carried(table.carried)
        rows = Rows(self._spec, is_record=True)
        is_last_broken = False
        foot = _Foot(self._file)
        for position, record in self._records(lines):
            if has_foot and foot.stands_in(lines.record):
                is_last_broken = False
                break
            is_last_broken = record is None or len(record) != width
            if record in repeated:
                raise self._refuse("the header comes a second time: the file is two exports in one", "Send one export per file", position)
            if record is None or is_last_broken:
                self._set_aside(position, lines.record, record, width)
                carried.forget()
                continue
            if margin and any(record[place] for place in margin):
                self._result.misread(position, "a value in a column without a name", "".join(lines.record).rstrip("\r\n").encode())
                carried.forget()
                continue
            self._result.units += 1
            self._first = self._first or position
            whole = carried.down(record) if carried.is_asked else record
            rows.add(position, pick([*whole, *said] if said else whole)[:-1])
            if rows.is_full and (batch := rows.batch()):
                yield batch
        if is_last_broken and not looked.ends_with_newline:
            raise self._refuse(
                "the file is truncated: its last row breaks off", "Send the whole export again", self._result.set_aside[-1].position
            )
        if wrong := foot.wrong(self._result.units, next((position for position, _ in self._records(lines)), None)):
            raise self._refuse(wrong, "Send the whole export again", lines.count)
        if batch := rows.batch():
            yield batch

    def _place(self, column: ColumnSpec, names: Sequence[str | None]) -> int:
        """Where a row has the column."""
        name = column.name if column.name in names else _plain(column.physical_name)
        return _LACKING if column.extension.may_lack and name not in names else names.index(name)

    def _in_name(self) -> dict[str, str | None]:
        """Columns that the file's name holds -> what it says."""
        if self._file.name is None:
            return {}
        match = re.fullmatch(self._file.name, self._name)
        if match is None:
            columns = ", ".join(self._file.in_name)
            what = f"the file's name is not of the form that the contract states, and holds {columns}"
            raise RefusedFile(what, remedy="Send it under the name that the source system gives it", file=self._name, rule="F03")
        return match.groupdict()

    def _csv(self, lines: _Lines) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._file.delimiter, quotechar=self._file.quote, strict=True)

    def _records(self, lines: _Lines) -> Iterator[tuple[int, list[str] | None]]:
        """(line on which it starts, its cells; None where its quotation marks are wrong), without blank lines."""
        reader = self._csv(lines)
        while True:
            lines.record.clear()
            start = lines.count + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error:
                if len(lines.record) != 1 or lines.record[0].count(self._file.quote) % 2:
                    raise self._refuse("a quotation mark is never closed in the row that starts here", "Mend the export", start) from None
                yield start, None
                continue
            if record:
                yield start, record

    def _set_aside(self, position: int, lines: list[str], record: list[str] | None, expected: int) -> None:
        if record is not None and len(lines) > 1:
            what = f"the row that starts here runs over {len(lines)} lines and has {len(record)} fields instead of {expected}"
            raise self._refuse(f"{what}: a quotation mark is not closed", "Mend the export", position)
        reason = "a quotation mark inside a field" if record is None else f"{len(record)} fields instead of {expected}"
        self._result.misread(position, reason, "".join(lines).rstrip("\r\n").encode())

    def _header(self, lines: _Lines) -> list[str]:
        try:
            self._header_records = list(islice(self._csv(lines), self._file.header_joined))
        except csv.Error:
            raise self._refuse("a quotation mark is never closed in the header", "Mend the export", 1) from None
        header = [" ".join(filter(None, parts)) for parts in zip_longest(*self._header_records)]
        self._check(header, lines.count)
        return header

    def _divided(self, lines: _Lines) -> head.Above:
        """The head, and the header below it."""
        try:
            above = head.divide(self._head_records(lines), self._above, self._below, self._ignored)
        except head.NoHead as wrong:
            raise self._refuse(wrong.what, _NEW_VERSION, wrong.position, OTHER_COLUMNS) from None
        position, header = above.header
        self._check(header, position)
        return above

    def _head_records(self, lines: _Lines) -> Iterator[head.Line]:
        names = {column.physical_name for column in self._below}
        for position, record in self._records(lines):
            if record is None:
                raise self._refuse("a quotation mark inside a field of the head", "Mend the export", position)
            if len(record) == 1 and any(names <= set(record[0].split(delimiter)) for delimiter in _USUAL_DELIMITERS):
                self._check(record, position)
            yield position, record

    def _check(self, header: list[str], position: int) -> None:
        """Refuse a header that is not the contract's."""
        if len(header) > MAX_COLUMNS:
            raise self._refuse(f"the header has more than {MAX_COLUMNS} columns", "Mend the export", position)
        found = self._named(header)
        may_lack = {_plain(column.physical_name) for column in self._below if column.extension.may_lack} - set(found)
        wanted = [name for column in self._below if (name := _plain(column.physical_name)) not in may_lack]
        if len(header) == 1 and len(wanted) > 1:
            for delimiter, name in _USUAL_DELIMITERS.items():
                if delimiter != self._file.delimiter and delimiter in header[0]:
                    ours = _USUAL_DELIMITERS.get(self._file.delimiter, self._file.delimiter)
                    raise self._refuse(
                        f"wrong delimiter: the header is divided by {name}, the contract says {ours}",
                        "Mend the export or the contract",
                        position,
                    )
        if problems := compare(wanted, [name for name in found if name] if self._file.has_empty_margin else found):
            raise self._refuse(problems, _NEW_VERSION, position, OTHER_COLUMNS)

    def _named(self, header: list[str]) -> list[str]:
        """The file's headings under the contract's names: what else a heading is called, the second of a name as `name[1]`."""
        wanted = [_plain(column.physical_name) for column in self._below]
        others = {_plain(heading): _plain(name) for heading, name in self._file.headings.items()}
        named: list[str] = []
        for heading in map(_plain, header):
            name = others.get(heading, heading)
            place = sum(before == name or before.startswith(f"{name}[") for before in named)
            named.append(f"{name}[{place}]" if f"{name}[{place}]" in wanted else name)
        if self._file.may_lack_last_heading and wanted[-1] not in named:
            named.append(wanted[-1])
        return named

    def _refuse(self, what: str, remedy: str, position: int, rule: str = UNREADABLE) -> RefusedFile:
        return RefusedFile(what, remedy=remedy, file=self._path.name, position=position, rule=rule)


def _plain(name: str) -> str:
    """A column's name as it is compared: the micro sign and the Greek letter, which nobody can tell apart, are one (Unicode's NFKC)."""
    return unicodedata.normalize("NFKC", name)


def compare(wanted: list[str], found: list[str], what: str = "column") -> str:
    """What is wrong with a file's column names, in words; empty where nothing is.

    Extra columns are named only where the line is a header beyond doubt (it has a column of the contract), else it may be data; and only
    by what looks like a name, else by their place: an export that was turned on its side has persons or dates for column names.
    """
    missing = [name for name in wanted if name not in found]
    extra = [name if _NAME.fullmatch(name) else f"number {place}" for place, name in enumerate(found, start=1) if name not in wanted]
    twice = sorted({name for name in found if name in wanted and found.count(name) > 1})
    if len(missing) == len(wanted):
        return f"no {what} of the contract is there; missing {', '.join(wanted)}"
    problems = []
    if missing:
        problems.append(f"missing {what} {', '.join(missing)}")
    if extra:
        further = f" and {len(extra) - _MOST_NAMED} more" if len(extra) > _MOST_NAMED else ""
        problems.append(f"extra {what} {', '.join(extra[:_MOST_NAMED])}{further}")
    if twice:
        problems.append(f"{what} given twice {', '.join(twice)}")
    return "; ".join(problems)
