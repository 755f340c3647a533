"""A workbook without some rows of a sheet: their cells, what is said of them elsewhere in the package, and texts that nobody else shares.

A row keeps its place and its cells' places; its cells hold nothing. A package with parts that may hold rows a second time in a form of
their own (a pivot's cache, a drawing, a link's cache) is left to a person.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.parsers import expat

from cgt_etl.contracts.formats import XlsxFormat
from cgt_etl.extract import archive
from cgt_etl.extract.without.cannot import CannotEmpty
from cgt_etl.extract.zipped import repacked

_SHARED = "xl/sharedStrings.xml"
_SHEETS = "xl/worksheets/"
_SECOND_COPIES = re.compile(
    r"xl/(?:pivotCache|pivotTables|externalLinks|drawings(?!/vmlDrawing)|charts|chartsheets|diagrams|embeddings|media|model|queryTables"
    r"|slicerCaches|revisions|timelineCaches|ctrlProps|activeX)/.*|xl/(?:connections|vbaProject).*|customXml/.*",
    re.IGNORECASE | re.DOTALL,
)
_COMMENTS = re.compile(r"xl/(?:(?:threaded)?comments/)?(?:threaded)?comments?[0-9]*\.xml", re.IGNORECASE)
_ROWS = re.compile(r"\$?[A-Za-z]{0,3}\$?([0-9]{1,7})(?::\$?[A-Za-z]{0,3}\$?([0-9]{1,7}))?")
Span = tuple[int, int]


def emptied(file: XlsxFormat, path: Path, positions: frozenset[int]) -> bytes:
    """The workbook without what the rows at `positions` of the contract's sheet say; comments of these rows go from every sheet.

    Raises:
        CannotEmpty: a part may hold them in a form of its own, or is no plain XML.
        RefusedFile: no such sheet.
    """
    name = archive.part_of(path, file.sheet)
    with zipfile.ZipFile(path) as package:
        parts = {entry.filename: package.read(entry) for entry in package.infolist()}
    if copies := sorted({part.split("/")[1] for part in parts if _SECOND_COPIES.fullmatch(part)}):
        raise CannotEmpty(f"the workbook has parts that may hold its rows a second time ({', '.join(copies)})")
    instead = {name: _cut(parts[name], _of_rows(parts[name], positions))}
    for part, content in parts.items():
        if _COMMENTS.fullmatch(part):
            instead[part] = _cut(content, _Walk(content).referring(("comment", "threadedComment"), positions))
    if _SHARED in parts:
        sheets = {part: parts[part] for part in parts if part.startswith(_SHEETS) and part.endswith(".xml")} | instead
        used = {number for sheet in sheets.values() for number in _Walk(sheet).shared}
        instead[_SHARED] = _without_texts(parts[_SHARED], used)
    return repacked(path, instead)


def _of_rows(sheet: bytes, positions: frozenset[int]) -> list[Span]:
    """Where the sheet says something of these rows."""
    walk = _Walk(sheet)
    links = walk.referring(("hyperlink",), positions)
    if any(re.search(rb"\s[\w:]*\bid\s*=", sheet[begin:end]) for begin, end in links):
        raise CannotEmpty("a row of the workbook links to somewhere else")
    return sorted([*((begin, end) for row, begin, end in walk.cells if row in positions), *links])


def _without_texts(content: bytes, used: set[int]) -> bytes:
    """The texts that sheets share, those emptied that no cell uses."""
    parts, at = [], 0
    for number, (begin, end) in enumerate(_Walk(content).texts):
        if number not in used:
            tag = content[begin + 1 : end].split(b">", 1)[0].split()[0].rstrip(b"/")
            prefix = tag[: -len(b"si")]
            parts += [content[at:begin], b"<%bsi><%bt/></%bsi>" % (prefix, prefix, prefix)]
            at = end
    return b"".join([*parts, content[at:]])


def _cut(content: bytes, spans: list[Span]) -> bytes:
    parts, at = [], 0
    for begin, end in spans:
        parts.append(content[at:begin])
        at = end
    return b"".join([*parts, content[at:]])


class _Walk:
    """One pass over a part: its cells, shared texts, and elements that refer to cells."""

    def __init__(self, content: bytes) -> None:
        self.cells: list[tuple[int, int, int]] = []
        """(row, where the cell begins, where it ends)."""
        self.shared: list[int] = []
        """Numbers of the shared texts that cells use."""
        self.texts: list[Span] = []
        self._referring: list[tuple[str, str, int, int]] = []
        """(element, reference, where it begins, where it ends)."""
        self._content, self._row = content, 0
        self._open: list[tuple[str, dict[str, str], int]] = []
        self._is_empty, self._value = True, ""
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler = self._text
        try:
            if b"\0" in content:
                self._refuse()
            self._parser.Parse(content, True)
        except expat.ExpatError:
            self._refuse()

    def referring(self, names: tuple[str, ...], rows: frozenset[int]) -> list[Span]:
        """Elements of these names that refer to a cell of the rows, in order."""
        found = ((_ROWS.fullmatch(reference), begin, end) for name, reference, begin, end in self._referring if name in names)
        return [(begin, end) for of, begin, end in found if of and any(int(of[1]) <= row <= int(of[2] or of[1]) for row in rows)]

    def _refuse(self, *_: object) -> None:
        raise CannotEmpty("a part of the workbook is no plain XML in UTF-8")

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(":")[2]
        self._open.append((name, attributes, self._parser.CurrentByteIndex))
        self._is_empty, self._value = True, ""
        if name == "row":
            self._row = int(attributes.get("r", self._row + 1))

    def _text(self, text: str) -> None:
        self._is_empty = False
        self._value += text

    def _end(self, _: str) -> None:
        name, attributes, begin = self._open.pop()
        end = self._parser.CurrentByteIndex
        if not (self._is_empty and self._content[:end].endswith(b"/>")):  # of an element in one tag it is where that ends
            end = self._content.index(b">", end) + 1
        self._is_empty = False
        if name == "c":
            of = _ROWS.fullmatch(attributes.get("r", ""))
            self.cells.append((int(of[1]) if of else self._row, begin, end))
        elif name == "v" and self._open and self._open[-1][0] == "c" and self._open[-1][1].get("t") == "s":
            self.shared.append(int(self._value))
        elif name == "si":
            self.texts.append((begin, end))
        elif "ref" in attributes:
            self._referring.append((name, attributes["ref"], begin, end))
