"""Text forms: labelled lines that are one record (`Run time (min): 225`), and a table of its lines below them.

The record stands at the line of its first label, a line of the table has its physical line as item; both as in a workbook's form. Nothing
is skipped: what the contract neither reads nor names as not read is counted. Knows no type and no device.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from cgt_etl.contracts.formats import TextFormFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract.delimited import compare
from cgt_etl.extract.limits import MAX_FORM_CELLS
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading, Rows
from cgt_etl.extract.text import look

OUTSIDE = "(a line outside the form)"
_NEW_VERSION = "Mend the export, or give the contract a new version"
_AGAIN = "Send the whole export again"
Line = tuple[int, str]
"""Physical line and its text."""


def reading(file: TextFormFormat, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> Reading:
    """One record and the lines of its table; see `cgt_etl.extract.open_reader`. `ignored` are labels, or whole lines, that are not read."""
    return Reading(lambda result: _TextForm(file, path, objects, ignored).batches(result))


class _TextForm:
    """One pass over one form."""

    def __init__(self, file: TextFormFormat, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> None:
        self._file, self._path, self._ignored = file, path, ignored
        self._form, self._table = objects[0], objects[1] if len(objects) > 1 else None
        labels = {column.physical_name for column in self._form.columns}
        self._labels = sorted(labels, key=len, reverse=True)  # of two labels that begin alike, the longer one is meant
        self._found: dict[str, Line] = {}
        self._has_more = False

    def batches(self, result: Reading) -> Iterator[Batch]:
        look(self._path, self._file.encoding)
        lines = self._lines()
        header = self._take_labels(lines)
        rows = list(self._take_table(lines, *header)) if header else []
        missing = [f"label {column.physical_name}" for column in self._form.columns if column.physical_name not in self._found]
        if self._table and not header:
            missing.append(f"table {self._file.table_title}")
        if missing:
            raise self._refuse(f"missing {', '.join(missing)}", _NEW_VERSION, 1, OTHER_COLUMNS)
        position = min(line for line, _ in self._found.values())
        record = Rows(self._form, is_record=True)
        record.add(position, [self._found[column.physical_name][1] for column in self._form.columns])
        below = Rows(self._table, is_record=False) if self._table else None
        for item, cells in rows:
            if below:
                below.add(position, list(cells), item=item)
        result.units = 1
        if self._has_more:
            result.unmapped, result.unmapped_first = {OUTSIDE: 1}, {OUTSIDE: position}
        for each in (record, below):
            if each and (batch := each.batch()):
                yield batch

    def _lines(self) -> Iterator[Line]:
        """Lines that are not blank, up to the one that ends the form; nothing may stand below it."""
        is_ended, position = False, 0
        with self._path.open(encoding=self._file.encoding) as stream:
            for position, line in enumerate(stream, start=1):
                if position > MAX_FORM_CELLS:
                    raise self._refuse(f"a form of more than {MAX_FORM_CELLS} lines is none", "Send one form per file", position)
                if not (text := line.strip()):
                    continue
                if is_ended:
                    raise self._refuse("something stands below the form's end: the file is two exports in one", "Send them apart", position)
                is_ended = text == self._file.end
                if not is_ended:
                    yield position, text
        if not is_ended:
            raise self._refuse(f"the form does not end: there is no `{self._file.end}`", _AGAIN, position)

    def _take_labels(self, lines: Iterator[Line]) -> Line | None:
        """The labelled lines; the header of the table below them, where there is one."""
        for position, text in lines:
            if self._table and text == self._file.table_title:
                header = next(lines, None)
                if header is None:
                    raise self._refuse("the table of the form has no column names", _AGAIN, position)
                return header
            label = next((label for label in self._labels if self._is_labelled(text, label)), None)
            if label is None:
                has_name = text in self._ignored or any(self._is_labelled(text, name) for name in self._ignored)
                self._has_more = self._has_more or not has_name
            elif label in self._found:
                raise self._refuse(f"label given twice {label}", "Send one form per file", position)
            else:
                self._found[label] = (position, text.removeprefix(label).lstrip().removeprefix(self._file.divider).strip())
        return None

    def _is_labelled(self, text: str, label: str) -> bool:
        return text.startswith(label) and text.removeprefix(label).lstrip().startswith(self._file.divider)

    def _take_table(self, lines: Iterator[Line], position: int, text: str) -> Iterator[tuple[int, list[str]]]:
        """(physical line, cells in the order of the contract's columns)."""
        wanted = [column.physical_name for column in self._table.columns] if self._table else []
        header = self._fields(position, text)
        if problems := compare(wanted, header):
            raise self._refuse(f"the table of the form: {problems}", _NEW_VERSION, position, OTHER_COLUMNS)
        order = [header.index(name) for name in wanted]
        for at, line in lines:
            cells = self._fields(at, line)
            if len(cells) != len(header):
                raise self._refuse(f"a line of the table has {len(cells)} fields instead of {len(header)}", _AGAIN, at)
            yield at, [cells[place] for place in order]

    def _fields(self, position: int, text: str) -> list[str]:
        try:
            return next(csv.reader([text], delimiter=self._file.delimiter, strict=True))
        except csv.Error:
            raise self._refuse("a quotation mark is not closed in the table of the form", _AGAIN, position) from None

    def _refuse(self, what: str, remedy: str, position: int, rule: str = UNREADABLE) -> RefusedFile:
        return RefusedFile(what, remedy=remedy, file=self._path.name, position=position, rule=rule)
