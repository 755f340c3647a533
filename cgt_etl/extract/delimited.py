"""Delimited text (CSV and its kin), read strictly in the stated dialect: nothing is sniffed, padded, skipped or typed.

A row is one record under the dialect, its position the physical line on which it starts; blank lines are no rows. A line ends at LF,
CR LF or CR. Where a labelled head is declared (`head`), its values are cells of every row below.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.contracts.model import CsvFormat
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import head
from cgt_etl.extract.limits import MAX_FIELD_CHARACTERS
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading, Rows
from cgt_etl.extract.text import look

_NAME = re.compile(r"(?!.*[0-9]{3})[A-Za-z_][A-Za-z0-9_.%/()+#-]{0,39}")
"""One word, no long number."""
_NEW_VERSION = "Mend the export, or give the contract a new version"
_USUAL_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}


def reading(file: CsvFormat, path: Path, spec: ObjectSpec, name: str, ignored: frozenset[str] = frozenset()) -> Reading:
    """The rows of a delimited file delivered as `name`; see `cgt_etl.extract.open_reader`. `ignored` are labels of a head not read."""
    return Reading(lambda result: _Pass(file, path, spec, result, name=name, ignored=ignored).batches())


class _Lines:
    """Physical lines, counted, with those of the present record at hand."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.count = 0
        self.record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        self.count += 1
        self.record.append(line)
        return line


class _Pass:
    """One pass over one delimited file."""

    def __init__(self, file: CsvFormat, path: Path, spec: ObjectSpec, result: Reading, *, name: str, ignored: frozenset[str]) -> None:
        self._file, self._path, self._spec, self._result = file, path, spec, result
        in_head, self._name = file.head.columns if file.head else [], name
        self._above = [column for column in spec.columns if column.name in in_head]
        self._below = [column for column in spec.columns if column.name not in in_head and column.name not in file.in_name]
        self._ignored = ignored

    def batches(self) -> Iterator[Batch]:
        looked = look(self._path, self._file.encoding)
        csv.field_size_limit(MAX_FIELD_CHARACTERS)
        with self._path.open(encoding=self._file.encoding, newline="") as stream:
            lines = _Lines(stream)
            for _ in range(self._file.header_lines - 1):
                next(lines, None)
            above = self._divided(lines) if self._above else None
            header = above.header[1] if above else self._header(lines)
            once = {**(above.values if above else {}), **self._in_name()}
            said = list(once.values())
            names = [*(None for _ in header), *once]
            plain = [_plain(name) for name in header]
            order = [
                names.index(column.name) if column.name in once else plain.index(_plain(column.physical_name))
                for column in self._spec.columns
            ]
            first = 0
            rows = Rows(self._spec, is_record=True)
            is_last_broken = False
            for position, record in self._records(lines):
                is_last_broken = record is None or len(record) != len(header)
                if record == header:
                    raise self._refuse(
                        "the header comes a second time: the file is two exports in one", "Send one export per file", position
                    )
                if record is None or is_last_broken:
                    self._set_aside(position, lines.record, record, len(header))
                    continue
                self._result.units += 1
                first = first or position
                whole = [*record, *said]
                rows.add(position, [whole[place] for place in order])
                if rows.is_full and (batch := rows.batch()):
                    yield batch
            if is_last_broken and not looked.ends_with_newline:
                raise self._refuse(
                    "the file is truncated: its last row breaks off", "Send the whole export again", self._result.set_aside[-1].position
                )
            if above and above.has_more and first:
                self._result.unmapped, self._result.unmapped_first = {head.OUTSIDE: self._result.units}, {head.OUTSIDE: first}
            if batch := rows.batch():
                yield batch

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
            lines.record = []
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
            header = next(self._csv(lines), [])
        except csv.Error:
            raise self._refuse("a quotation mark is never closed in the header", "Mend the export", 1) from None
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
        wanted = [column.physical_name for column in self._below]
        if len(header) == 1 and len(wanted) > 1:
            for delimiter, name in _USUAL_DELIMITERS.items():
                if delimiter != self._file.delimiter and delimiter in header[0]:
                    ours = _USUAL_DELIMITERS.get(self._file.delimiter, self._file.delimiter)
                    raise self._refuse(
                        f"wrong delimiter: the header is divided by {name}, the contract says {ours}",
                        "Mend the export or the contract",
                        position,
                    )
        if problems := compare([_plain(name) for name in wanted], [_plain(name) for name in header]):
            raise self._refuse(problems, _NEW_VERSION, position, OTHER_COLUMNS)

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
        problems.append(f"extra {what} {', '.join(extra)}")
    if twice:
        problems.append(f"{what} given twice {', '.join(twice)}")
    return "; ".join(problems)
