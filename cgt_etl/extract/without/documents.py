"""JSON and XML documents without some records: the text between the first sign of a record and its last goes, all else keeps its bytes.

Held in memory whole.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from pathlib import Path

from cgt_etl.contracts.formats import JsonFormat, XmlFormat
from cgt_etl.extract import json_document, xml_records
from cgt_etl.extract.nested import TYPE
from cgt_etl.extract.without.cannot import CannotEmpty
from cgt_etl.extract.without.naming import naming
from cgt_etl.extract.without.text_marks import coded

_TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NAME_BEFORE = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:\s*)\Z', re.DOTALL)
_LONGEST_NAME = 4_096
_TAG = re.compile(r"<\s*([^\s/>]+)((?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)")
_NAMESPACE = re.compile(r"\sxmlns(?::[^\s=]+)?\s*=\s*(?:\"[^\"]*\"|'[^']*')")


def of_json(file: JsonFormat, path: Path, positions: frozenset[int], texts: frozenset[str]) -> bytes:
    """Of an emptied record an empty one is left, with its type; of a member of an object, a name of ours.

    One that is neither object nor list is not found, and stays. Records that the contract leaves to other feeds are emptied where they name
    one of `texts`, and so are texts outside of all records.
    """
    text, records = json_document.placed(file, path)
    is_named = naming(texts)
    parts, at = [], 0
    for one in records:
        is_other = file.resource_type is not None and one.kind not in (None, file.resource_type)
        is_emptied = one.position in positions or (is_other and is_named(text[one.begin : one.end]))
        begin = one.begin
        if is_emptied and one.is_member and (name := _NAME_BEFORE.search(text, max(at, begin - _LONGEST_NAME), begin)):
            begin = name.start()
        parts.append(_layout(text[at:begin], is_named))
        parts.append(_empty(one, text[begin : one.begin]) if is_emptied else text[begin : one.end])
        at = one.end
    parts.append(_layout(text[at:], is_named))
    with path.open("rb") as stream:
        mark, _ = coded(stream.read(len(codecs.BOM_UTF8)), "utf-8-sig")
    return mark + "".join(parts).encode()


def _empty(record: json_document.Placed, name: str) -> str:
    of = f'{{"{TYPE}":{json.dumps(record.kind)}}}' if record.kind is not None else "{}"
    return f'"erased {record.position}":{of}' if name else of


def _layout(text: str, is_named: Callable[[str], bool]) -> str:
    """What stands outside of all records, each text that names somebody emptied."""
    return _TEXT.sub(lambda found: '""' if is_named(found[0]) or is_named(json.loads(found[0], strict=False)) else found[0], text)


def of_xml(file: XmlFormat, path: Path, positions: frozenset[int]) -> bytes:
    """Of an emptied record its element is left, with the namespaces that it declares."""
    spans: list[tuple[int, int]] = []

    def take(position: int, begin: int, raw: bytes) -> None:
        if position in positions:
            spans.append((begin, begin + len(raw)))

    xml_records.placed(file, path, take)
    delivered = path.read_bytes()
    mark, encoding = coded(delivered, "utf-8-sig" if file.encoding == "utf-8" else file.encoding)
    document = delivered[len(mark) :].decode(encoding).encode()
    parts, at = [], 0
    for begin, end in spans:
        parts += [document[at:begin], _element(document[begin:end].decode())]
        at = end
    return mark + b"".join([*parts, document[at:]]).decode().encode(encoding)


def _element(text: str) -> bytes:
    tag = _TAG.match(text)
    if tag is None:
        raise CannotEmpty("a record does not begin with a tag")
    return f"<{tag[1]}{''.join(_NAMESPACE.findall(tag[2]))}/>".encode()
