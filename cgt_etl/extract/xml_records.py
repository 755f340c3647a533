"""XML documents with records in them: attributes and elements become the cells of a record, found by the same paths as in JSON.

A unit is a record element, its position its number in the document (a document may be one line). One record is held at a time. Text is as
the parser gives it, nothing trimmed; an empty element is an empty text, a missing one and one that says `xsi:nil` no cell. Blanks between
elements are layout. A record with other text between its elements, where a column reads, is set aside: a path would lose it.

A document is refused whole where it is not well-formed, is in another encoding than the contract's, has a document type (but one that
declares plain elements and attributes, where the contract takes it, so no entity is ever declared, inside or outside), includes other
documents, or goes beyond a limit of `limits`. Nothing but the file is ever opened.
"""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from xml.parsers import expat

from cgt_etl.contracts.formats import XmlFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import limits, nested, paths
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading
from cgt_etl.extract.shapes import LEAST_ALIKE
from cgt_etl.extract.text import look
from cgt_etl.extract.xml_doctype import first_that_is_not_plain
from cgt_etl.extract.xml_names import Attribute, Names, WrongName
from cgt_etl.extract.xml_shapes import Shape, is_one_tag, learnt

_CHUNK_CHARACTERS = 64 * 1024
_MOST_TAG = 16 * 1024
_MOST_SHAPES = 16
_MOST_LESSONS = 48
"""Records that are tried for a shape; each takes the time of some hundred records."""
_ANY = "*"
_LAYOUT = " \t\r\n"
_MEND = "Mend the export"


def reading(file: XmlFormat, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> Reading:
    """The rows of an XML document; see `cgt_etl.extract.open_reader`.

    `ignored` are elements and attributes of a record (`note`, `@id`), or outside of all records by their way from the root
    (`HealthData.Me`, `HealthData.@locale`).
    """
    return Reading(lambda result: _Pass(file, path, objects, ignored, result).batches())


def printed(file: XmlFormat, path: Path, first: int, last: int) -> Iterator[str]:
    """Records `first` to `last` as lines, written as they were delivered."""
    found: list[bytes] = []
    placed(file, path, lambda position, _, raw: found.append(raw) if first <= position <= last else None)
    yield from (line for raw in found for line in raw.decode().splitlines())


def placed(file: XmlFormat, path: Path, take: Callable[[int, int, bytes], None]) -> None:
    """Every record, whatever it holds: its position, where it begins in the document as UTF-8 without a mark, and its text as UTF-8."""
    for _ in _Placing(file, path, take).batches():
        pass


class _Open:
    """An element of a record that has not ended yet."""

    __slots__ = ("has_elements", "is_nil", "name", "node", "texts")

    def __init__(self, name: str, node: paths.Element, *, is_nil: bool) -> None:
        self.name, self.node, self.is_nil = name, node, is_nil
        self.has_elements = False
        self.texts: list[str] = []


class _Pass:
    """One pass over one document."""

    def __init__(self, file: XmlFormat, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str], result: Reading) -> None:
        self._file, self._path, self._ignored, self._result = file, path, ignored, result
        self._plans = nested.Plan.of(objects)
        self._roots = frozenset(root for plan in self._plans for root in plan.roots)
        self._known = self._roots | ignored
        self._unmapped = nested.Unmapped()
        self._ways = [tuple(way.split(".")) for way in file.records]
        self._names = Names(file.namespaces)
        self._last_record: tuple[str, ...] = ()
        """Way to the record that began last: most of them begin there again."""
        self._way: list[str] = []
        """Names of the open elements that are above every record."""
        self._passed_over = 0
        """Depth inside an element that is in no record and holds none."""
        self._open: list[_Open] = []
        """The open elements of the record that is being read, outermost first."""
        self._texts = self._nodes = 0
        self._mixed = False
        self._fed, self._fed_from = bytearray(), 0
        """What the parser was given, from the beginning of the open record on; where that is."""
        self._begins = self._begins_line = 0
        self._shapes: list[Shape] = []
        self._lessons = _MOST_LESSONS
        self._last_end = ""
        """How a record of the shape that was learnt last ends."""
        self._is_behind_record = False
        """Nothing stands between the end of a record and what the parser is given next."""
        self._lines_passed = 0
        """Lines that the parser was not given."""
        self._parser = self._made()

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber + self._lines_passed

    def _made(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("utf-8")
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        return parser

    def batches(self) -> Iterator[Batch]:
        encoding = "utf-8-sig" if self._file.encoding == "utf-8" else self._file.encoding
        look(self._path, encoding, most_line_bytes=sys.maxsize)
        with self._path.open(encoding=encoding, newline="") as stream:
            while True:
                text = stream.read(_CHUNK_CHARACTERS)
                if text:
                    self._take(text)
                else:
                    self._feed(b"", is_last=True)
                if any(plan.rows.is_full for plan in self._plans):
                    yield from nested.flush(self._plans)
                if not text:
                    break
        self._unmapped.tell(self._result)
        yield from nested.flush(self._plans)

    def _take(self, text: str) -> None:
        """Some text: records of a known shape at once, all else through the parser."""
        at = 0
        while at < len(text):
            if self._is_behind_record:
                at = self._alike(text, at)
            found = text.find(self._last_end, at) if self._shapes else -1
            end = found + len(self._last_end) if found >= 0 else len(text)
            self._feed(text[at:end].encode(), is_last=False)
            at = end

    def _alike(self, text: str, at: int) -> int:
        """Take the records that have a known shape; gives where the first that has none begins."""
        shapes = [shape for shape in self._shapes if shape.parent == tuple(self._way) and shape.bound == self._names.bound]
        begin, was = at, -1
        while at > was:
            was = at
            for shape in shapes:
                while found := shape.pattern.match(text, at):
                    at = found.end()
                    self._result.units += 1
                    self._add(shape, found.groups())
        self._lines_passed += text.count("\n", begin, at)
        return at

    def _add(self, shape: Shape, values: tuple[str, ...]) -> None:
        position = self._result.units
        if shape.unknown:
            self._unmapped.add(shape.unknown, position)
        for plan, picks in zip(self._plans, shape.rows, strict=True):
            for item, pick in enumerate(picks):
                plan.rows.add(position, pick(values), item=item)

    def _learn(self, ended: _Open) -> None:
        """The shape of the record that has just ended."""
        self._lessons -= 1
        raw = self._raw(ended).decode()
        shape = learnt(raw, partial(_Lesson.node, self), self._plans, self._known, (tuple(self._way), self._names.bound))
        if shape is not None:
            self._shapes.append(shape)
            self._last_end = raw[raw.rindex("<") :] if raw[raw.rindex("<") + 1] == "/" else "/>"

    def _stands_behind(self) -> bool:
        """Whether the tag with which a record has just ended is the last that the parser was given."""
        tag = self._fed[self._parser.CurrentByteIndex - self._fed_from :]
        return len(tag) <= _MOST_TAG and is_one_tag(tag.decode())

    def _feed(self, content: bytes, *, is_last: bool) -> None:
        self._is_behind_record = False
        self._fed += content
        try:
            self._parser.Parse(content, is_last)
        except expat.ExpatError as error:
            reason = expat.errors.messages[error.code]
            raise self._refuse(
                f"not well-formed XML: {reason}", "Send the whole export again", line=error.lineno + self._lines_passed
            ) from None
        if len(self._parser.intern) > limits.MAX_NAMES:
            raise self._refuse(f"more than {limits.MAX_NAMES} different names")
        reached = max(self._parser.CurrentByteIndex, self._fed_from)
        if self._fed_from + len(self._fed) - reached > limits.MAX_TOKEN_BYTES:
            raise self._refuse(f"a tag, comment or instruction is longer than {limits.MAX_TOKEN_BYTES} bytes")
        if len(self._fed) > limits.MAX_RECORD_BYTES and self._open:
            raise self._refuse(f"a record is longer than {limits.MAX_RECORD_BYTES} bytes")
        keep_from = self._begins if self._open else reached
        del self._fed[: keep_from - self._fed_from]
        self._fed_from = keep_from

    # What the parser reports

    def _declared(self, version: str, encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            raise self._refuse("XML of another version than 1.0", "Export XML 1.0")
        if encoding is None:
            return
        try:
            is_stated = codecs.lookup(encoding).name == codecs.lookup(self._file.encoding).name
        except (LookupError, ValueError):
            is_stated = False
        if not is_stated:
            what = f"wrong encoding: the document declares another one and the contract says {self._file.encoding}"
            raise self._refuse(what, "Mend the export or the contract")

    def _document_type(self, _: str, system: str | None, public: str | None, has_subset: int) -> None:
        if self._file.document_type == "refused":
            raise self._refuse("the document has a document type, which may declare entities", "Export it without DOCTYPE")
        if system is not None or public is not None:
            raise self._refuse("the document type is kept outside the document", "Export it without that DOCTYPE")
        begin = self._parser.CurrentByteIndex - self._fed_from
        if has_subset and (at := first_that_is_not_plain(self._fed, begin, limits.MAX_DOCUMENT_TYPE_BYTES)) is not None:
            raise self._refuse(
                "the document type holds something else than plain declarations of elements and attributes, or does not end soon enough",
                "Export it again with another version of the program, or without DOCTYPE",
                line=self._parser.CurrentLineNumber + self._fed.count(b"\n", begin, at),
            )

    def _start(self, qualified: str, attributes: list[str]) -> None:
        if len(self._way) + self._passed_over + len(self._open) >= limits.MAX_DEPTH:
            raise self._refuse(f"nested deeper than {limits.MAX_DEPTH}")
        if len(attributes) // 2 > limits.MAX_ATTRIBUTES:
            raise self._refuse(f"an element with more than {limits.MAX_ATTRIBUTES} attributes")
        try:
            name, kept, is_nil = self._names.enter(qualified, attributes)
        except WrongName as wrong:
            raise self._refuse(str(wrong)) from None
        if self._open:
            self._open.append(_Open(name, self._element(kept), is_nil=is_nil))
            return
        if self._passed_over:
            self._passed_over += 1
            return
        way = (*self._way, name)
        if way == self._last_record or any(_leads(stated, way) and len(stated) == len(way) for stated in self._ways):
            self._last_record = way
            self._begins, self._begins_line = self._parser.CurrentByteIndex, self._line
            self._nodes, self._mixed = 0, False
            self._open.append(_Open(name, self._element(kept), is_nil=is_nil))
        elif any(_leads(stated, way) for stated in self._ways):
            self._way.append(name)
            for attribute, _ in kept:
                self._unread(*way, attribute)
        elif self._way:
            self._passed_over = 1
            self._unread(*way)
        else:
            raise self._refuse(
                "the root element is not the contract's", "Send the document that the contract describes", rule=OTHER_COLUMNS
            )

    def _unread(self, *way: str) -> None:
        self._unmapped.add({".".join(way)} - self._ignored, max(self._result.units, 1))

    def _text(self, text: str) -> None:
        if self._open:
            self._texts += len(text)
            if self._texts > limits.MAX_FIELD_CHARACTERS:
                raise self._refuse(f"a text is longer than {limits.MAX_FIELD_CHARACTERS} characters")
            self._open[-1].texts.append(text)
        elif self._way and not self._passed_over and text.strip(_LAYOUT):
            self._unread(*self._way, paths.TEXT)

    def _end(self, _: str) -> None:
        self._names.leave()
        if self._open:
            ended = self._open.pop()
            self._close(ended)
            if not self._open:
                self._record(ended)
                if self._shapes:
                    self._is_behind_record = self._stands_behind()
        elif self._passed_over:
            self._passed_over -= 1
        else:
            self._way.pop()

    # What becomes of a record

    def _element(self, attributes: list[Attribute]) -> paths.Element:
        made = paths.Element()
        self._nodes += 1 + len(attributes)
        if self._nodes > limits.MAX_RECORD_NODES:
            raise self._refuse(f"a record with more than {limits.MAX_RECORD_NODES} elements and attributes")
        made.update(attributes)
        if len(made) < len(attributes):  # two of one name, each of a namespace that the contract does not state
            made.clear()
            for name, text in attributes:
                _put(made, name, text)
        return made

    def _close(self, ended: _Open) -> None:
        """Give an element that has ended its text, and to the one that holds it."""
        text = "".join(ended.texts)
        self._texts = 0
        if not ended.has_elements:
            ended.node.text = text
            if text.strip(_LAYOUT):
                ended.node[paths.TEXT] = text
        elif text.strip(_LAYOUT):
            top = self._open[1].name if len(self._open) > 1 else ended.name
            self._mixed = self._mixed or not self._open or top in self._roots
        if self._open:
            holder = self._open[-1]
            holder.has_elements = True
            is_text = not (ended.node.keys() - {paths.TEXT})
            is_nil = ended.is_nil and is_text and not text
            _put(holder.node, ended.name, None if is_nil else text if is_text else ended.node)

    def _record(self, ended: _Open) -> None:
        position = self._result.units + 1
        if self._mixed:
            self._result.misread(position, f"text between its elements (from line {self._begins_line})", self._raw(ended))
            return
        self._result.units += 1
        if unknown := ended.node.keys() - self._known:
            self._unmapped.add(unknown, position)
        raw = None if self._plans[0].spec.key else json.dumps([ended.name, ended.node]).encode()
        if raw is None and self._result.units >= LEAST_ALIKE and self._lessons and len(self._shapes) < _MOST_SHAPES:
            self._learn(ended)
        record = nested.Record(position, ended.node, ended.node, ended.node, ended.name)
        for plan in self._plans:
            plan.add(record, raw)

    def _raw(self, ended: _Open) -> bytes:
        """The record that has just ended, to the end of its last tag."""
        begin, end = self._begins - self._fed_from, self._parser.CurrentByteIndex - self._fed_from
        is_one_tag = not ended.has_elements and not ended.node.text and self._fed[:end].endswith(b"/>")
        return bytes(self._fed[begin : end if is_one_tag else self._fed.index(b">", end) + 1])

    def _refuse(self, what: str, remedy: str = _MEND, *, rule: str = UNREADABLE, line: int | None = None) -> RefusedFile:
        position = self._result.units + 1 if self._open else None
        return RefusedFile(f"{what} (line {line or self._line})", remedy=remedy, file=self._path.name, position=position, rule=rule)


class _Lesson(_Pass):
    """The parse of one record alone, where another pass is."""

    def __init__(self, of: _Pass) -> None:
        super().__init__(of._file, of._path, (), frozenset(), Reading(lambda _: iter(())))
        self._names, self._way = of._names, of._way
        self._found: tuple[str, paths.Element] | None = None

    @classmethod
    def node(cls, of: _Pass, raw: bytes) -> tuple[str, paths.Element] | None:
        """Name and node of a record's text; None where it is no plain record."""
        lesson = cls(of)
        lesson._feed(raw, is_last=True)
        return None if lesson._mixed else lesson._found

    def _record(self, ended: _Open) -> None:
        self._found = ended.name, ended.node


class _Placing(_Pass):
    """One pass for the places and texts of records."""

    def __init__(self, file: XmlFormat, path: Path, take: Callable[[int, int, bytes], None]) -> None:
        super().__init__(file, path, (), frozenset(), Reading(lambda _: iter(())))
        self._give = take

    def _record(self, ended: _Open) -> None:
        self._result.units += 1
        self._give(self._result.units, self._begins, self._raw(ended))


def _leads(stated: tuple[str, ...], way: tuple[str, ...]) -> bool:
    """Whether `way` is the way to the stated records, or its beginning."""
    return len(way) <= len(stated) and all(step in (_ANY, name) for step, name in zip(stated, way, strict=False))


def _put(node: paths.Element, name: str, value: Any) -> None:
    """Another element of this name makes a list of them."""
    if name not in node:
        node[name] = value
    elif isinstance(before := node[name], list):
        before.append(value)
    else:
        node[name] = [before, value]
