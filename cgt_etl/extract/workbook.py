"""Workbooks (XLSX): a plain table under a stated header row or below a labelled head, or a form of labelled cells with a table of lines
below them.

A cell becomes text without guessing: a number its shortest exact text (`78`, not `78.0`), a date, time or date-time ISO 8601, a duration
`h:mm:ss`, a boolean `true` or `false`; of a formula, the value that was saved with it. An error, or a whole number beyond the 15 digits
that a workbook keeps, is no value. An empty text is an empty cell; of merged cells the first has the value. Positions are sheet rows,
from 1. Python-calamine reads; `archive` has looked before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import cast

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from cgt_etl.contracts.formats import XlsxFormat
from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import head, limits
from cgt_etl.extract.archive import Cell, look, refuse
from cgt_etl.extract.delimited import compare
from cgt_etl.extract.records import OTHER_COLUMNS, Batch, Reading, Rows

Value = int | float | str | bool | time | date | datetime | timedelta
Texts = dict[Cell, str]
Lines = Iterator[tuple[int, dict[int, str]]]
"""Sheet row, and column -> text of its filled cells."""
_BLOCK_ROWS = 5_000
_EXACT = 10**15
_NOWHERE: Cell = (0, 0)
"""No cell of a sheet: rows and columns count from 1."""
"""A workbook keeps 15 digits of a number."""
_MEND = "Mend the export, or give the contract a new version"
_OUTSIDE = "(a cell outside the form)"


def reading(file: XlsxFormat, path: Path, objects: tuple[ObjectSpec, ...], name: str, ignored: frozenset[str]) -> Reading:
    """The rows of a sheet of a workbook delivered as `name`; see `cgt_etl.extract.open_reader`. `ignored` are texts of a form or
    labels of a head that are not read."""
    if file.form is None:
        return Reading(lambda result: _table(of_name(file, name), path, objects[0], ignored, result))
    return Reading(lambda result: _Form(of_name(file, name), path, objects, ignored).batches(result))


def of_name(file: XlsxFormat, name: str) -> XlsxFormat:
    """The format of a file delivered as `name`, its sheet named.

    Raises:
        RefusedFile: the name, which is to name the sheet, does not.
    """
    if file.sheet_in_name is None:
        return file
    match = re.fullmatch(file.sheet_in_name, name)
    if match is None or not match["sheet"]:
        remedy = f"Name it as the contract says: {file.sheet_in_name}"
        raise RefusedFile("the file's name names no sheet", remedy=remedy, file=name, rule="F03")
    return file.model_copy(update={"sheet": match["sheet"], "sheet_in_name": None})


def printed(file: XlsxFormat, path: Path, first: int, last: int) -> list[str]:
    """Sheet rows `first` to `last` as texts divided by bars; of a form, all its rows. For the eyes of a person who may see values.

    Raises:
        RefusedFile: as when it is read.
    """
    sheet = _Sheet(file, path)
    rows = ((row, [*filled.items(), *sheet.unreadable.get(row, {}).items()]) for row, filled in sheet.rows())
    chosen = ((row, cells) for row, cells in rows if cells and (file.form is not None or first <= row <= last))
    return [f"row {row}: " + " | ".join(text for _, text in sorted(cells)) for row, cells in chosen]


class _Sheet:
    """One sheet, as texts."""

    def __init__(self, file: XlsxFormat, path: Path) -> None:
        looked = look(path, file.sheet)
        self.unreadable: dict[int, dict[int, str]] = {}
        """Row -> column -> what stands there and is no value; complete once the rows were walked."""
        for (row, column), text in looked.errors.items():
            self.unreadable.setdefault(row, {})[column] = text
        self._sheet = _opened(path, looked.sheet)
        self._values = iter(self._sheet.iter_rows() if self._sheet.start else ())
        self._first = self._sheet.start[1] + 1 if self._sheet.start else 1
        """Number of the first column."""
        self._row = 0
        """How many rows were read."""

    @property
    def merged(self) -> dict[Cell, Cell]:
        """First cell of each merged region -> its last."""
        return {(top + 1, left + 1): (bottom + 1, right + 1) for (top, left), (bottom, right) in self._sheet.merged_cell_ranges or ()}

    def rows(self) -> Iterator[tuple[int, dict[int, str]]]:
        """(sheet row, column -> text of its filled cells), every row that is left up to the last with an error or a value."""
        for values in self._values:
            self._row += 1
            yield self._row, self._filled(self._row, values)
        yield from self._later()

    def blocks(self, places: list[int], header: list[str]) -> Iterator[tuple[int, dict[int, str], list[list[str | None]] | None]]:
        """The rows that are left, as `rows` gives them, each with None; or (first sheet row, nothing, texts of the columns at `places`)
        of some together which have nothing in other columns, no cell without a text, and of which none is blank or may be the header."""
        while block := list(islice(self._values, _BLOCK_ROWS)):
            first = self._row + 1
            self._row += len(block)
            if columns := self._columns(first, block, places, header):
                yield first, {}, columns
            else:
                yield from ((row, self._filled(row, values), None) for row, values in enumerate(block, start=first))
        yield from ((row, filled, None) for row, filled in self._later())

    def _filled(self, row: int, values: list[Value]) -> dict[int, str]:
        filled: dict[int, str] = {}
        for column, value in enumerate(values, start=self._first):
            if value == "":
                continue
            text = value if type(value) is str and "\0" not in value else text_of(value)  # most are
            if text is None:
                self.unreadable.setdefault(row, {})[column] = str(value)
            else:
                filled[column] = text
        return filled

    def _later(self) -> Iterator[tuple[int, dict[int, str]]]:
        yield from ((row, {}) for row in sorted(number for number in self.unreadable if number > self._row))

    def _columns(self, first: int, block: list[list[Value]], places: list[int], header: list[str]) -> list[list[str | None]] | None:
        if not places or any(first <= row < first + len(block) for row in self.unreadable):
            return None
        found: dict[int, list[str | None]] = {}
        for column, values in enumerate(zip(*block, strict=True), start=self._first):
            texts = _texts(values) if column in places else None
            if texts is None and values.count("") < len(block):
                return None
            found[column] = texts or [None] * len(block)
        columns = [found[place] if place in found else [None] * len(block) for place in places]
        if all(None in texts for texts in columns) and any(not any(cells) for cells in zip(*columns, strict=True)):
            return None
        return None if header[0] in columns[0] else columns


def _texts(values: tuple[Value, ...]) -> list[str | None] | None:
    """Texts of the cells of a column, None of empty ones; None where one has no text."""
    kinds = set(map(type, values))
    if kinds == {str}:
        whole = cast(tuple[str, ...], values)
        return None if "\0" in "".join(whole) else [text or None for text in whole]
    texts = [value if value == "" else text_of(value) for value in values]
    return None if None in texts else [cast(str, text) or None for text in texts]


def _opened(path: Path, name: str) -> CalamineSheet:
    try:
        with path.open("rb") as file:  # a path is read by its ending, and bytes from the vault have none
            return CalamineWorkbook.from_filelike(file).get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError):
        pass
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a defect in the Rust reader becomes; it is no Exception
            raise
    raise refuse(path, "the workbook cannot be read")


def text_of(value: Value) -> str | None:
    """A cell's text; None where it has no exact one."""
    if isinstance(value, str):
        return value if "\0" not in value else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if value % 1:
            return repr(value)
        return str(int(value)) if abs(value) < _EXACT else None
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return value.isoformat()


def _table(file: XlsxFormat, path: Path, spec: ObjectSpec, ignored: frozenset[str], result: Reading) -> Iterator[Batch]:
    """A plain table: every row below the header that is not blank is a record."""
    sheet = _Sheet(file, path)
    in_head = file.head.columns if file.head else []
    below = [column for column in spec.columns if column.name not in in_head]
    lines = ((position, filled) for position, filled in sheet.rows() if filled or sheet.unreadable.get(position))
    above = None
    if in_head:
        above = _divided(path, _head_lines(path, sheet, lines), [c for c in spec.columns if c.name in in_head], below, ignored)
    position, header = above.header if above else _header_row(file, path, lines)
    below = [column for column in below if column.physical_name in header or not column.extension.may_lack]
    wanted = [column.physical_name for column in below]
    if problems := compare(wanted, [name for name in header if name] if file.has_empty_margin else header):
        raise refuse(path, problems, _MEND, rule=OTHER_COLUMNS, position=position)
    said = above.values if above else {}
    named = {column: name for column, name in enumerate(header, start=1) if name or not file.has_empty_margin}
    order = {column.name: header.index(column.physical_name) + 1 for column in below}
    places = list(order.values())
    rows = Rows(spec, is_record=True)
    first = 0
    has_other = bool(said) or len(order) < len(spec.columns)
    for position, filled, together in sheet.blocks([] if has_other else places, wanted):
        if rows.is_full and (batch := rows.batch()):
            yield batch
        if together:
            result.units += len(together[0])
            first = first or position
            rows.extend(position, together)
            continue
        wrong = sheet.unreadable.get(position, {})
        if not (filled or wrong):
            continue
        cells = [filled.get(column) for column in places]
        if cells == wanted:
            raise refuse(
                path, "the header comes a second time: the sheet holds two exports", "Send one export per sheet", position=position
            )
        if outside := (filled.keys() | wrong.keys() if wrong else filled.keys()) - named.keys():
            raw = json.dumps({str(column): text for column, text in sorted([*filled.items(), *wrong.items()])}, ensure_ascii=False)
            is_beyond = max(outside) > len(header)
            result.misread(position, f"more than {len(header)} fields" if is_beyond else "a value in a column without a name", raw.encode())
            continue
        result.units += 1
        first = first or position
        if has_other:
            cells = [said[column.name] if column.name in said else filled.get(order.get(column.name, 0)) for column in spec.columns]
        _add(rows, position, 0, cells, [wrong.get(order.get(column.name, 0)) for column in spec.columns] if wrong else [])
    if above and above.has_more and first:
        result.unmapped, result.unmapped_first = {head.OUTSIDE: result.units}, {head.OUTSIDE: first}
    if batch := rows.batch():
        yield batch


def _header_row(file: XlsxFormat, path: Path, lines: Lines) -> head.Line:
    """The stated row, its empty cells between the first column and its last name as empty names."""
    for position, filled in lines:
        if position == file.header_row and filled:
            return position, _fields(filled)
        if position >= file.header_row:
            break
    raise refuse(path, f"row {file.header_row} has no column names", _MEND, rule=OTHER_COLUMNS, position=file.header_row)


def _head_lines(path: Path, sheet: _Sheet, lines: Lines) -> Iterator[head.Line]:
    for position, filled in lines:
        if sheet.unreadable.get(position):
            raise refuse(path, "a cell of the head is no value", _MEND, position=position)
        yield position, _fields(filled)


def _divided(
    path: Path, lines: Iterator[head.Line], above: list[ColumnSpec], below: list[ColumnSpec], ignored: frozenset[str]
) -> head.Above:
    try:
        return head.divide(lines, above, below, ignored)
    except head.NoHead as wrong:
        raise refuse(path, wrong.what, _MEND, rule=OTHER_COLUMNS, position=wrong.position) from None


def _fields(filled: dict[int, str]) -> list[str]:
    return [filled.get(column, "") for column in range(1, max(filled, default=0) + 1)]


def _add(rows: Rows, position: int, item: int, cells: list[str | None], wrong: list[str | None]) -> None:
    rows.add(position, cells, item=item)
    for place, text in enumerate(wrong):
        if text is not None:
            rows.unreadable(place, text)


class _Form:
    """One form: its labelled cells are the record, the lines of its table the rows inside it, each with its sheet row as item."""

    def __init__(self, file: XlsxFormat, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> None:
        self._path, self._ignored = path, ignored
        self._form, self._line = objects
        self._end = file.form.table_end if file.form else ""
        sheet = _Sheet(file, path)
        self._cells: Texts = {}
        for row, filled in sheet.rows():
            self._cells |= {(row, column): text for column, text in filled.items()}
            if len(self._cells) > limits.MAX_FORM_CELLS:
                raise refuse(path, f"a form of more than {limits.MAX_FORM_CELLS} filled cells is none", "Send one form per sheet")
        self._wrong: Texts = {(row, column): text for row, cells in sheet.unreadable.items() for column, text in cells.items()}
        self._merged: Mapping[Cell, Cell] = sheet.merged
        self._read: set[Cell] = set()

    def batches(self, result: Reading) -> Iterator[Batch]:
        header, columns = self._header()
        labels = self._labels(header)
        lines = list(self._lines(header, columns))
        position = min(row for row, _ in labels.values())
        record, table = Rows(self._form, is_record=True), Rows(self._line, is_record=False)
        values = [self._right_of(labels[name]) if (name := column.physical_name) in labels else _NOWHERE for column in self._form.columns]
        self._take(record, position, 0, values)
        for row in lines:
            self._take(table, position, row, [(row, column) for column in columns])
        result.units = 1
        if (self._cells.keys() | self._wrong.keys()) - self._read - self._passed_over():
            result.unmapped, result.unmapped_first = {_OUTSIDE: 1}, {_OUTSIDE: position}
        for rows in (record, table):
            if batch := rows.batch():
                yield batch

    def _take(self, rows: Rows, position: int, item: int, places: list[Cell]) -> None:
        self._read.update(places)
        _add(rows, position, item, [self._cells.get(place) for place in places], [self._wrong.get(place) for place in places])

    def _header(self) -> tuple[int, list[int]]:
        """Row of the table's header, and the column of each of its names."""
        wanted = [column.physical_name for column in self._line.columns]
        rows: dict[int, dict[int, str]] = {}
        for (row, column), text in sorted(self._cells.items()):
            rows.setdefault(row, {})[column] = text.strip()
        whole = [row for row, texts in rows.items() if set(wanted) <= set(texts.values())]
        if len(whole) > 1:
            raise self._refuse("the table's header comes twice", whole[1])
        best = whole[0] if whole else max(rows, key=lambda row: len(set(wanted) & set(rows[row].values())), default=1)
        texts = rows.get(best, {})
        if problems := compare(wanted, list(texts.values())):
            raise self._refuse(f"the table of the form: {problems}", best)
        self._read.update((best, column) for column in texts)
        at = {text: column for column, text in texts.items()}
        return best, [at[name] for name in wanted]

    def _labels(self, header: int) -> dict[str, Cell]:
        """Label -> its one place above the table."""
        wanted = [column.physical_name for column in self._form.columns]
        found: dict[str, list[Cell]] = {name: [] for name in wanted}
        for place, text in sorted(self._cells.items()):
            if place[0] < header and text.strip() in found:
                found[text.strip()].append(place)
        may_lack = {column.physical_name for column in self._form.columns if column.extension.may_lack}
        missing = [name for name, places in found.items() if not places and name not in may_lack]
        twice = [name for name, places in found.items() if len(places) > 1]
        problems = [f"missing label {', '.join(missing)}"] if missing else []
        problems += [f"label given twice {', '.join(twice)}"] if twice else []
        if problems:
            raise self._refuse("; ".join(problems), found[twice[0]][1][0] if twice else 1)
        labels = {name: places[0] for name, places in found.items() if places}
        self._read.update(labels.values())
        return labels

    def _right_of(self, place: Cell) -> Cell:
        """The cell right of a label, which may be merged; no cell where another label stands there."""
        right = (place[0], self._merged.get(place, place)[1] + 1)
        return _NOWHERE if right in self._read else right

    def _lines(self, header: int, columns: list[int]) -> Iterator[int]:
        """Sheet rows of the table's lines, blank ones left out."""
        for row in range(header + 1, max((row for row, _ in self._cells), default=header) + 1):
            if self._cells.get((row, columns[0]), "").strip() == self._end:
                self._read.add((row, columns[0]))
                return
            if any((row, column) in self._cells or (row, column) in self._wrong for column in columns):
                yield row
        raise refuse(self._path, f"the table of the form does not end: there is no `{self._end}`", _MEND, position=header)

    def _passed_over(self) -> set[Cell]:
        """Texts that the contract names as not read, and the cell right of each."""
        named = [place for place, text in self._cells.items() if text.strip() in self._ignored]
        return {*named, *(self._right_of(place) for place in named)}

    def _refuse(self, problems: str, position: int) -> Exception:
        return refuse(self._path, problems, _MEND, rule=OTHER_COLUMNS, position=position)
