"""What a sample shows of its format and its columns, as far as its own reader and the door's casts can tell.

Only here is a format looked for; the contract then states it, and nothing is ever sniffed again. Gives counts, positions, format strings
and column names; no value of a cell.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from python_calamine import CalamineError, CalamineWorkbook

from cgt_etl.contracts.formats import CsvFormat, FileFormat, JsonFormat, NdjsonFormat, XlsxFormat
from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.contracts.model import CastName, Column, ObjectExtension
from cgt_etl.door import times
from cgt_etl.door.casts import Context, caster
from cgt_etl.errors import CgtError
from cgt_etl.extract import open_reader
from cgt_etl.extract.limits import MAX_DOCUMENT_BYTES

MOST_ROWS = 20_000
"""Rows that proposals rest on; the reader still reads the whole file."""
MOST_STRAYS = 0.1
"""A proposal stands where at most this share of the filled cells does not fit it: those are named by their positions."""
_HEAD = 30
"""Lines or sheet rows among which the header is looked for."""
_DELIMITERS = (",", ";", "\t", "|")
_ENCODINGS = ("utf-8-sig", "latin-1")
_DATES = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%b-%Y", "%d %b %Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y")
_TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p")
_INSTANTS = ("", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M", "%Y%m%d%H%M%S", "%m/%d/%Y %I:%M %p")
"""The empty one stands for ISO 8601, which needs no format."""
_CASTS: dict[CastName, tuple[str, ...]] = {
    "date": _DATES,
    "time": _TIMES,
    "instant": _INSTANTS,
    "integer": ("",),
    "decimal": ("",),
    "measured": ("",),
}
"""Narrowest first: a day without signs between its parts is an integer too, an integer is a decimal, a decimal may have comparators."""
_YES_NO = ({"Y", "N"}, {"YES", "NO"}, {"TRUE", "FALSE"}, {"T", "F"})
_STEP = re.compile(r"[A-Za-z_@][A-Za-z0-9_:-]*")
_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class Proposal:
    """How the cells of a column could be read."""

    cast: CastName
    formats: tuple[str, ...] = ()
    """All that fit; more than one where the sample cannot tell them apart."""
    has_comparators: bool = False
    strays: tuple[int, ...] = ()
    """Positions of filled cells that do not fit."""


@dataclass(frozen=True)
class SeenColumn:
    """One column of a sample."""

    physical_name: str
    rows: int
    filled: int
    is_unique: bool
    """Every row has a value, and no two the same."""
    proposal: Proposal


@dataclass(frozen=True)
class Sample:
    """What a file shows."""

    file: FileFormat
    unit: str
    columns: tuple[SeenColumn, ...]
    lists: tuple[str, ...] = ()
    """Elements of a nested record that hold lists of records: each may become an object of its own."""


def look(path: Path, sheet: str | None = None) -> Sample:
    """Find format and columns of a sample, and read it whole in that format.

    Args:
        path: `.csv`, `.tsv`, `.txt`, `.xlsx`, `.ndjson`, `.jsonl` or FHIR bulk JSON lines, or `.json` of one document.
        sheet: of a workbook; the fullest where absent.

    Raises:
        CgtError: another kind of file, no header that can be told, or what the reader itself refuses.
    """
    match path.suffix.lower():
        case ".csv" | ".tsv" | ".txt":
            file, names = _delimited(path)
            return _read(path, file, "row", names)
        case ".xlsx":
            workbook, names = _table(path, sheet)
            return _read(path, workbook, "row", names)
        case ".ndjson" | ".jsonl":
            nested, names, lists = _nested(path)
            return _read(path, nested, "resource", names, lists)
        case ".json":
            document, names, lists = _document(path)
            return _read(path, document, "record", names, lists)
    raise CgtError("no reader for files of this name", file=path.name, remedy="Name it .csv, .tsv, .txt, .xlsx, .ndjson, .jsonl or .json")


def _delimited(path: Path) -> tuple[CsvFormat, list[str]]:
    raw = path.read_bytes()[: 1 << 20]
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else next(name for name in _ENCODINGS if _decodes(path, name))
    with path.open(encoding=encoding, newline="") as stream:
        head = [line for _, line in zip(range(_HEAD), stream, strict=False)]
    found: list[tuple[int, int, str, list[str]]] = []
    for delimiter in _DELIMITERS:
        rows = list(csv.reader(head, delimiter=delimiter))
        width = Counter(len(row) for row in rows if row).most_common(1)[0][0] if any(rows) else 0
        for place, row in enumerate(rows):
            if len(row) == width > 1 and all(cell.strip() for cell in row) and len(set(row)) == width:
                found.append((width, -place, delimiter, row))
                break
    if not found:
        problem = "no line near its top is a header: several different names, as many as the rows have cells"
        raise CgtError(problem, file=path.name, remedy="Write the contract by hand, as CONTRIBUTING shows")
    width, place, delimiter, header = max(found)
    decimal = "," if delimiter == ";" and _has_decimal_comma(head[1 - place :], delimiter) else "."
    stated = {"delimiter": delimiter, "encoding": encoding, "header_lines": 1 - place, "decimal": decimal}
    return CsvFormat.model_validate({"format": "csv", **stated}), header


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding) as stream:
            for _ in stream:
                pass
    except UnicodeDecodeError:
        return False
    return True


def _has_decimal_comma(lines: list[str], delimiter: str) -> bool:
    cells = [cell.strip() for row in csv.reader(lines, delimiter=delimiter) for cell in row]
    commas = sum(1 for cell in cells if cell.count(",") == 1 and cell.replace(",", "").lstrip("-").isdigit())
    points = sum(1 for cell in cells if cell.count(".") == 1 and cell.replace(".", "").lstrip("-").isdigit())
    return commas > points


def _table(path: Path, sheet: str | None) -> tuple[XlsxFormat, list[str]]:
    try:
        with path.open("rb") as stream:
            workbook = CalamineWorkbook.from_filelike(stream)
            names = [sheet] if sheet else workbook.sheet_names
            tables = {name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except (CalamineError, OSError, ValueError):
        raise CgtError("the workbook cannot be read, or has no such sheet", file=path.name, remedy="Save it anew as XLSX") from None
    fullest = max(tables, key=lambda name: sum(1 for row in tables[name] for cell in row if cell != ""))
    rows = [(number, [cell for cell in row if cell != ""]) for number, row in enumerate(tables[fullest], start=1)]
    width = max((len(cells) for _, cells in rows), default=0)
    for number, cells in rows[:_HEAD]:
        if len(cells) == width > 1 and all(isinstance(cell, str) for cell in cells) and len(set(cells)) == width:
            return XlsxFormat(format="xlsx", sheet=fullest, header_row=number), [str(cell) for cell in cells]
    problem = f"the sheet `{fullest}` has no row near its top that names as many columns as its rows have cells"
    raise CgtError(problem, file=path.name, remedy="Name another with --sheet; a form is written by hand, as CONTRIBUTING shows")


def _nested(path: Path) -> tuple[NdjsonFormat, list[str], tuple[str, ...]]:
    """Leaves by their path, in the order in which they first come; lists of records apart."""
    records: list[object] = []
    with path.open(encoding="utf-8-sig") as stream:
        for _, line in zip(range(MOST_ROWS), stream, strict=False):
            try:
                records.append(json.loads(line) if line.strip() else {})
            except ValueError:
                continue  # the reader sets it aside
    leaves, lists, kind = _shape(records)
    if not leaves:
        raise CgtError("no line of it is a JSON object", file=path.name, remedy="Send one object per line")
    return NdjsonFormat(format="ndjson", resource_type=kind), leaves, lists


def _document(path: Path) -> tuple[JsonFormat, list[str], tuple[str, ...]]:
    """The longest list of records is taken for the document's; leaves beside it are those of the head (`^.`)."""
    try:
        document = json.loads(path.read_bytes()) if path.stat().st_size <= MAX_DOCUMENT_BYTES else None
    except ValueError:
        document = None
    if not isinstance(document, dict | list):
        problem = f"it is no JSON document of at most {MAX_DOCUMENT_BYTES} bytes"
        raise CgtError(problem, file=path.name, remedy="Send one whole document; JSON lines are named .jsonl")
    found = list(_lists_of_records(document, "")) if isinstance(document, dict) else []
    at, records = max(found, key=lambda one: len(one[1]), default=(None, document if isinstance(document, list) else [document]))
    leaves, lists, kind = _shape(records[:MOST_ROWS])
    head = [f"^.{name}" for name, is_list in _leaves(document, "") if not is_list] if at and isinstance(document, dict) else []
    if not leaves:
        raise CgtError("it holds no JSON object", file=path.name, remedy="Send a document with records")
    return JsonFormat(format="json", records=at, resource_type=kind), [*head, *leaves], lists


def _lists_of_records(node: dict[str, object], above: str) -> Iterator[tuple[str, list[object]]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _lists_of_records(value, f"{above}{name}.")
        elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
            yield f"{above}{name}", value


def _shape(records: list[object]) -> tuple[list[str], tuple[str, ...], str | None]:
    """(leaves of the records by their path, their lists of records, their resource type where they have one) in order of appearance."""
    leaves: dict[str, None] = {}
    lists: dict[str, None] = {}
    kinds: set[str] = set()
    for record in records:
        if isinstance(record, dict):
            kinds.add(str(record.get("resourceType", "")))
            for name, is_list in _leaves({name: value for name, value in record.items() if name != "resourceType"}, ""):
                (lists if is_list else leaves)[name] = None
    kind = kinds.pop() if len(kinds) == 1 else None
    return list(leaves), tuple(lists), kind or None


def _leaves(node: dict[str, object], above: str) -> Iterator[tuple[str, bool]]:
    for name, value in node.items():
        if not _STEP.fullmatch(name):
            continue  # no path leads to it: a delivery names it as outside the contract
        at = f"{above}{name}"
        if isinstance(value, list):
            if len(value) == 1 and isinstance(value[0], dict):
                yield from _leaves(value[0], f"{at}[0].")
            elif value and not any(isinstance(one, (dict, list)) for one in value):
                yield f"{at}[0]", False
            else:
                yield at, True
        elif isinstance(value, dict):
            yield from _leaves(value, f"{at}.")
        else:
            yield at, False


def _read(path: Path, file: FileFormat, unit: str, names: list[str], lists: tuple[str, ...] = ()) -> Sample:
    """Read the whole file as all text, then propose."""
    spec = ObjectSpec("sample", "", ObjectExtension(), tuple(_column(f"c{place}", name, "text") for place, name in enumerate(names)))
    cells: dict[str, list[tuple[int, str | None]]] = {name: [] for name in names}
    rows = 0
    for batch in open_reader(file, path, (spec,)):
        rows += len(batch.positions)
        for place, name in enumerate(names):
            if len(cells[name]) < MOST_ROWS:
                cells[name] += zip(batch.positions, batch.columns[f"c{place}"], strict=True)
    context = Context(_ZONE, decimal=file.decimal if isinstance(file, CsvFormat) else ".")
    return Sample(file, unit, tuple(_seen(name, cells[name], rows, context) for name in names), lists)


def _seen(name: str, cells: list[tuple[int, str | None]], rows: int, context: Context) -> SeenColumn:
    filled = [(position, text.strip()) for position, text in cells if text and text.strip()]
    texts = {text for _, text in filled}
    return SeenColumn(name, rows, len(filled), len(texts) == len(cells) > 0, _proposal(filled, context))


def _proposal(filled: list[tuple[int, str]], context: Context) -> Proposal:
    """The cast that reads most cells, the narrowest of those; text where each leaves too many."""
    texts = [text for _, text in filled]
    if not texts or _numbers_that_are_names(texts):
        return Proposal("text")
    if {text.upper() for text in texts} in _YES_NO:
        return Proposal("boolean")
    best = Proposal("text")
    fewest = int(MOST_STRAYS * len(filled)) + 1
    for cast, formats in _CASTS.items():
        strays = {one: _strays(filled, cast, one, context) for one in formats}
        least = min(len(positions) for positions in strays.values())
        if least < fewest:
            fewest = least
            fitting = [one for one in formats if len(strays[one]) == least]
            best = Proposal(cast, tuple(one for one in fitting if one), cast == "measured", tuple(strays[fitting[0]]))
    return best


def _numbers_that_are_names(texts: list[str]) -> bool:
    """Digits with zeros in front, or long ones: numbers of something, that lose by being counted with."""
    digits = [text for text in texts if text.isdigit()]
    return any(len(text) > 1 and text.startswith("0") for text in digits) or any(len(text) > 15 for text in digits)


def _strays(filled: list[tuple[int, str]], cast: CastName, form: str, context: Context) -> list[int]:
    reads = caster(_column("sample", "sample", cast, form), context)
    verdicts = {text: reads(text).status not in (times.OK, times.AMBIGUOUS) for text in {text for _, text in filled}}
    return [position for position, text in filled if verdicts[text]]


def _column(name: str, physical_name: str, cast: CastName, form: str = "") -> ColumnSpec:
    extension = Column(cast=cast, privacy="none", action="keep", formats=[form] if form else [], comparators=cast == "measured")
    return ColumnSpec(name, physical_name, "", required=False, key_position=None, extension=extension, rules=())
