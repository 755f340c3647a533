"""ARFF (Weka's attribute-relation format): `@relation`, `@attribute` lines that must be the contract's, then comma-divided rows.

Delivered text is unquoted and otherwise untouched; `?` is delivered as `?`: the contract says what it means. Sparse rows are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cgt_etl.contracts.formats import ArffFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract.delimited import compare
from cgt_etl.extract.limits import MAX_COLUMNS
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading, Rows
from cgt_etl.extract.text import look

_QUOTED = r"'(?:[^'\\]++|\\.)*+'|\"(?:[^\"\\]++|\\.)*+\""  # never steps back: a text without end is read once
_DECLARATION = re.compile(rf"@(?P<word>relation|attribute)\s+(?P<name>{_QUOTED}|[^\s{{}}'\"]+)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(rf"\s*(?:(?P<quoted>{_QUOTED})|(?P<plain>[^,'\"]*))\s*(?P<end>,|$)")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def reading(file: ArffFormat, path: Path, spec: ObjectSpec) -> Reading:
    """The rows of an ARFF file; see `cgt_etl.extract.open_reader`."""
    return Reading(lambda result: _batches(file, path, spec, result))


def _batches(file: ArffFormat, path: Path, spec: ObjectSpec, result: Reading) -> Iterator[Batch]:
    looked = look(path, "utf-8-sig")
    rows = Rows(spec, is_record=True)
    is_last_broken = False
    with path.open(encoding="utf-8-sig") as stream:
        lines = ((position, line.strip("\r\n")) for position, line in enumerate(stream, start=1))
        lines = ((position, line) for position, line in lines if line.strip() and not line.lstrip().startswith("%"))
        names = _attributes(file, path, spec, lines)
        order = [names.index(column.physical_name) for column in spec.columns]
        for position, line in lines:
            cells = _row(line)
            is_last_broken = cells is None or len(cells) != len(names)
            if cells is None or is_last_broken:
                reason = "no plain row" if cells is None else f"{len(cells)} fields instead of {len(names)}"
                result.misread(position, reason, line.encode())
                continue
            result.units += 1
            rows.add(position, [cells[place] for place in order])
            if rows.is_full and (batch := rows.batch()):
                yield batch
    if is_last_broken and not looked.ends_with_newline:
        raise _refuse(path, "the file is truncated: its last row breaks off", result.set_aside[-1].position)
    if batch := rows.batch():
        yield batch


def _attributes(file: ArffFormat, path: Path, spec: ObjectSpec, lines: Iterator[tuple[int, str]]) -> list[str]:
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
    return names


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
