"""ARFF (Weka's attribute-relation format): `@relation`, `@attribute` lines that must be the contract's, then comma-divided rows.

Delivered text is unquoted and otherwise untouched; `?` is delivered as `?`: the contract says what it means. Sparse rows are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import polars as pl

from cgt_etl.contracts.formats import ArffFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract.delimited import compare
from cgt_etl.extract.limits import MAX_COLUMNS
from cgt_etl.extract.plain_lines import PlainLines, columnar
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading, Rows
from cgt_etl.extract.text import look

_QUOTED = r"'(?:[^'\\]++|\\.)*+'|\"(?:[^\"\\]++|\\.)*+\""  # never steps back: a text without end is read once
_DECLARATION = re.compile(rf"@(?P<word>relation|attribute)\s+(?P<name>{_QUOTED}|[^\s{{}}'\"]+)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(rf"\s*(?:(?P<quoted>{_QUOTED})|(?P<plain>[^,'\"]*))\s*(?P<end>,|$)")
_BLANKS = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
"""What Python strips; Rust knows some of them not."""
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def reading(file: ArffFormat, path: Path, spec: ObjectSpec) -> Reading:
    """The rows of an ARFF file; see `cgt_etl.extract.open_reader`."""
    return Reading(lambda result: _batches(file, path, spec, result))


def _batches(file: ArffFormat, path: Path, spec: ObjectSpec, result: Reading) -> Iterator[Batch]:
    looked = look(path, "utf-8-sig")
    with path.open(encoding="utf-8-sig") as stream:
        above, names = _attributes(file, path, spec, _lines(stream, 1))
    order = [names.index(column.physical_name) for column in spec.columns]
    plain = PlainLines(path, above, encoding="utf-8-sig", delimiter=",", never="'\"%{", width=len(names))
    for lines in plain:
        fields = (pl.col(lines.columns[place]).str.strip_chars(_BLANKS) for place in order)
        cells = lines.select(field.alias(column.name) for column, field in zip(spec.columns, fields, strict=True))
        result.units += cells.height
        yield from columnar(spec, plain.lines + 1, cells).parts()
    rows = Rows(spec, is_record=True)
    is_last_broken = False
    with plain.rest(newline=None) as stream:
        for position, line in _lines(stream, plain.lines + 1):
            row = _row(line)
            is_last_broken = row is None or len(row) != len(names)
            if row is None or is_last_broken:
                reason = "no plain row" if row is None else f"{len(row)} fields instead of {len(names)}"
                result.misread(position, reason, line.encode())
                continue
            result.units += 1
            rows.add(position, [row[place] for place in order])
            if rows.is_full and (batch := rows.batch()):
                yield batch
    if is_last_broken and not looked.ends_with_newline:
        raise _refuse(path, "the file is truncated: its last row breaks off", result.set_aside[-1].position)
    if batch := rows.batch():
        yield batch


def _lines(stream: TextIO, first: int) -> Iterator[tuple[int, str]]:
    """(position, line) of lines that say something."""
    for position, line in enumerate(stream, start=first):
        if line.strip() and not line.lstrip().startswith("%"):
            yield position, line.strip("\r\n")


def _attributes(file: ArffFormat, path: Path, spec: ObjectSpec, lines: Iterator[tuple[int, str]]) -> tuple[int, list[str]]:
    """(line of `@data`, names of the attributes)."""
    names: list[str] = []
    position = 1
    for position, line in lines:
        if line.strip().lower() == "@data":
            break
        match = _DECLARATION.fullmatch(line.strip())
        if match is None:
            raise _refuse(path, "this line is neither @relation, @attribute nor @data", position)
        name = _unquoted(match["name"])
        if match["word"].lower() == "attribute":
            names.append(name)
            if len(names) > MAX_COLUMNS:
                raise _refuse(path, f"more than {MAX_COLUMNS} attributes", position)
        elif file.relation is not None and name != file.relation:
            raise _refuse(path, f"the relation is not {file.relation}", position, OTHER_COLUMNS)
    else:
        raise _refuse(path, "the file is truncated: there is no @data line", position)
    if problems := compare([column.physical_name for column in spec.columns], names, "attribute"):
        raise _refuse(path, problems, position, OTHER_COLUMNS)
    return position, names


def _row(line: str) -> list[str] | None:
    """The cells of a row; None where its quoting is broken, it is sparse, or has more than any file."""
    if line.lstrip().startswith("{"):
        return None
    if "'" not in line and '"' not in line and line.count(",") < MAX_COLUMNS:
        return [cell.strip() for cell in line.split(",")]
    cells: list[str] = []
    at = 0
    while True:
        match = _FIELD.match(line, at)
        if match is None:
            return None
        if len(cells) == MAX_COLUMNS:
            return None
        cells.append(_unquoted(match["quoted"]) if match["quoted"] else match["plain"].strip())
        at = match.end()
        if not match["end"]:
            return cells


def _unquoted(text: str) -> str:
    if text[:1] not in ("'", '"'):
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text[1:-1])


def _refuse(path: Path, what: str, position: int, rule: str = UNREADABLE) -> RefusedFile:
    return RefusedFile(what, remedy="Mend the export, or give the contract a new version", file=path.name, position=position, rule=rule)
