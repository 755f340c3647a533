"""Files that are small, or cheap to make, and would take a machine down: one for each way that is known."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from cgt_etl.contracts.load import ObjectSpec
from tests.extract.build import column, table

MIB = 1024 * 1024
ROW = b"1,2\n"
READ, ASIDE = "(read)", "(set aside)"
"""What becomes of a bomb that is not refused; else it is a part of the reason."""


@dataclass(frozen=True)
class Kind:
    """A contract, and a small good file of one record."""

    file: Mapping[str, Any]
    objects: tuple[ObjectSpec, ...]
    good: bytes
    name: str


def _plain(id_at: str = "id", a_at: str = "a") -> tuple[ObjectSpec, ...]:
    return (table("one", column("id", id_at, position=1), column("a", a_at, cast="decimal")),)


def _with_list() -> tuple[ObjectSpec, ...]:
    return (*_plain(), table("item", column("x", "$this"), explode="list"))


def _sheet(inside: str) -> str:
    return f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{inside}</sheetData></worksheet>'


def book(
    rows: str = '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row>',
    *,
    strings: Iterable[str] = (),
    behind: str = "",
    books: str = "",
    parts: Mapping[str, bytes] = {},
) -> bytes:
    """A workbook with the header `id`, `a` and these rows."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheets = f'<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>{books}'
    header = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>a</t></is></c></row>'
    package = "http://schemas.openxmlformats.org/package/2006"
    made = {
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{of}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{of}">{sheets}</workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{of}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{of}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": _sheet(header + rows).replace("</worksheet>", f"{behind}</worksheet>"),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in made.items():
            archive.writestr(name, text)
        with archive.open("xl/sharedStrings.xml", "w") as part:
            part.write(f'<sst xmlns="{main}">'.encode())
            for string in strings:
                part.write(string.encode())
            part.write(b"</sst>")
        for name, bytes_of in parts.items():
            archive.writestr(name, bytes_of)
    return content.getvalue()


CSV = Kind({"format": "csv"}, _plain(), b"id,a\n1,2\n", "f.csv")
CSV_GZ = Kind({"format": "csv"}, _plain(), gzip.compress(b"id,a\n1,2\n"), "f.csv.gz")
NDJSON = Kind({"format": "ndjson"}, _with_list(), b'{"id":"1","a":2,"list":["x"]}\n', "f.ndjson")
JSON = Kind({"format": "json", "records": "rows"}, _with_list(), b'{"rows":[{"id":"1","a":2,"list":["x"]}]}', "f.json")
XLSX = Kind({"format": "xlsx", "sheet": "S"}, _plain(), book(), "f.xlsx")
ARFF = Kind({"format": "arff"}, _plain(), b"@relation r\n@attribute id string\n@attribute a numeric\n@data\n1,2\n", "f.arff")
XML = Kind({"format": "xml", "records": ["D.R"]}, _plain("@id"), b"<D><R id='1'><a>2</a></R></D>", "f.xml")
HL7 = Kind(
    {"format": "hl7"},
    (
        table("one", column("id", "PID-3[1].1", position=1), column("a", "PID-8", cast="decimal")),
        table("number", column("x", "PID-3.1"), explode="PID-3"),
        table("result", column("y", "OBX-5"), column("z", "OBR-2"), explode="OBX"),
    ),
    b"MSH|^~\\&|a\rPID|1||1||||||\rOBR|1|2\rOBX|1|NM|x||2\r",
    "f.hl7",
)


def _zip(*entries: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return made.getvalue()


def _zeros(mib: int, wbits: int) -> bytes:
    """So many MiB of zeros, deflated a thousandfold."""
    packer = zlib.compressobj(9, wbits=wbits)
    return b"".join([*(packer.compress(bytes(MIB)) for _ in range(mib)), packer.flush()])


def _of_zeros(mib: int, stated: int) -> bytes:
    """A zip whose one entry holds so many MiB of zeros, and says how many bytes they are."""
    body = _zeros(mib, -15)
    checksum = 0
    for _ in range(mib):
        checksum = zlib.crc32(bytes(MIB), checksum)
    fields = struct.pack("<HHHHHLLLHH", 20, 0, 8, 0, 33, checksum, len(body), stated, 1, 0)
    local = b"PK\x03\x04" + fields + b"f"
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + b"f"
    return local + body + entry + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(local) + len(body), 0)


def _overlapping(many: int) -> bytes:
    """A zip whose entries, of different names, are all the same bytes."""
    content = _of_zeros(64, 64 * MIB)
    at, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    one = bytearray(content[at:end])
    struct.pack_into("<H", one, 28, 4)
    entries = b"".join(bytes(one[:-1]) + b"%04d" % number for number in range(many))
    return content[:at] + entries + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, many, many, len(entries), at, 0)


def _many_entries(many: int, stated: int) -> bytes:
    """A zip of empty entries, whose end says another number of them."""
    content = _zip(*((f"{number:06d}", b"") for number in range(many)))
    at = content.rindex(b"PK\x05\x06")
    made = bytearray(content)
    struct.pack_into("<HH", made, at + 8, stated, stated)
    return bytes(made)


def _words(many: int) -> bytes:
    """Text that cannot be deflated two hundredfold."""
    random = Random(1)
    return b"".join(b"%d" % random.getrandbits(60) for _ in range(many))


def _hl7(*segments: bytes) -> bytes:
    return b"\r".join([b"MSH|^~\\&|a", *segments]) + b"\r"


DIGITS = b"7" * 400
FAR = '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row>'

BOMBS: dict[str, tuple[Kind, str, Callable[[], bytes]]] = {
    "gzip, of zeros": (CSV_GZ, "expands more than", lambda: _zeros(1024, 31)),
    "gzip, of one endless line": (CSV_GZ, "line is longer", lambda: gzip.compress(_words(1_000_000))),
    "gzip, of members without bytes": (CSV_GZ, "members", lambda: gzip.compress(b"id,a\n") + gzip.compress(b"") * 300_000),
    "gzip, of a name without end": (CSV_GZ, "truncated", lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * 32 * MIB),
    "gzip, in gzip in gzip": (CSV_GZ, "packed twice", lambda: gzip.compress(gzip.compress(gzip.compress(bytes(64 * MIB))))),
    "zip, of zeros": (CSV, "expands more than", lambda: _of_zeros(1024, 1024 * MIB)),
    "zip, of zeros that it does not state": (CSV, "damaged", lambda: _of_zeros(1024, 100)),
    "zip, of 4 GiB that it states": (CSV, "more than 2147483648 bytes", lambda: _of_zeros(1, 0xFFFFFFF0)),
    "zip, in zip": (CSV, "packed twice", lambda: _zip(("f.csv", _zip(("f.csv", bytes(64 * MIB)))))),
    "zip, of entries that overlap": (CSV, "overlap", lambda: _overlapping(1_000)),
    "zip, of many entries": (CSV, "more than 10000 entries", lambda: _many_entries(60_000, 60_000)),
    "zip, of many entries that it does not state": (CSV, "more than 10000 entries", lambda: _many_entries(60_000, 1)),
    "workbook, of zeros": (XLSX, "expands more than", lambda: book(parts={"xl/media/image1.png": bytes(200 * MIB)})),
    "workbook, of many parts": (XLSX, "entries", lambda: book(parts={f"xl/{number}": b"" for number in range(60_000)})),
    "workbook, of many shared texts": (XLSX, "shared texts", lambda: book(strings=("<si><t>x</t></si>" * 1_000,) * 8_000)),
    "workbook, of shared texts without end": (XLSX, "shared texts", lambda: book(strings=["<si><t>", *([_words(50_000).decode()] * 200)])),
    "workbook, with a row far away": (XLSX, "stray cells", lambda: book(FAR + '<row r="1000000"><c r="S1000000"><v>1</v></c></row>')),
    "workbook, with a row beyond all": (XLSX, "rows", lambda: book(FAR + '<row r="4000000000"><c r="A4000000000"><v>1</v></c></row>')),
    "workbook, with a column beyond all": (XLSX, "columns", lambda: book(FAR + '<row r="3"><c r="ZZZZZ3"><v>1</v></c></row>')),
    "workbook, with many merged cells": (
        XLSX,
        "merged",
        lambda: book(behind="<mergeCells>" + "".join(f'<mergeCell ref="C{n}:D{n}"/>' for n in range(1, 300_000)) + "</mergeCells>"),
    ),
    "workbook, with many sheets": (XLSX, "too large", lambda: book(books="<a/>" * 2_000_000)),
    "workbook, with a cell without end": (
        XLSX,
        "longer than",
        lambda: book(f'<row r="2"><c r="A2"><v>{_words(2_000_000).decode()}</v>'),
    ),
    "JSON, nested": (JSON, "nested deeper", lambda: b'{"rows":' + b"[" * 1_900_000),
    "JSON, of many values": (JSON, "more than 2000000 values", lambda: b'{"rows":[' + b"{}," * 5_000_000 + b"{}]}"),
    "JSON, of a text without end": (JSON, "text or a number is longer", lambda: b'{"rows":[{"id":"' + b"x" * 30 * MIB + b'"}]}'),
    "JSON, of a number without end": (JSON, "number", lambda: b'{"rows":[{"id":"1","a":' + b"7" * 30 * MIB + b"}]}"),
    "JSON, of huge numbers": (JSON, ASIDE, lambda: b'{"rows":[{"id":"1","a":1e999999},{"id":"2","a":' + DIGITS + b"}]}"),
    "JSON, of a list of many rows": (JSON, ASIDE, lambda: b'{"rows":[{"id":"1","list":[' + b"0," * 1_000_000 + b"0]}]}"),
    "JSON, of strings not closed": (JSON, "breaks off", lambda: b'{"rows":[{"id":"' + b'\\"' * 400_000),
    "JSON lines, nested": (NDJSON, ASIDE, lambda: b'{"id":' * 1_000_000 + b"\n"),
    "JSON lines, of many values": (NDJSON, ASIDE, lambda: b'{"id":"1","list":[' + b"0," * 5_000_000 + b"0]}\n"),
    "JSON lines, of many names": (
        NDJSON,
        ASIDE,
        lambda: b"{" + b",".join(b'"n%d":1' % number for number in range(1_000_000)) + b"}\n",
    ),
    "JSON lines, a line without end": (NDJSON, "line is longer", lambda: b'{"id":"' + b"x" * 40 * MIB),
    "JSON lines, of a long text": (NDJSON, ASIDE, lambda: b'{"id":"' + b"x" * 10 * MIB + b'"}\n'),
    "JSON lines, of huge numbers": (NDJSON, ASIDE, lambda: b'{"id":"1","a":1e999999}\n{"id":"2","a":' + DIGITS + b"}\n"),
    "JSON lines, none of them JSON": (NDJSON, "records cannot be read", lambda: b"x\n" * 5_000_000),
    "delimited, a line without end": (CSV, "line is longer", lambda: b"id,a\n" + b"x" * 40 * MIB),
    "delimited, a quotation mark not closed": (CSV, "never closed", lambda: b'id,a\n"' + ROW * 10_000_000),
    "delimited, a quotation mark not closed in the header": (CSV, "never closed", lambda: b'id,"' + ROW * 10_000_000),
    "delimited, of a million columns": (CSV, "more than 10000 columns", lambda: b"id,a" + b",c" * 2_000_000 + b"\n"),
    "delimited, a row of a million fields": (CSV, "cannot be read", lambda: b"id,a\n" + (b"," * 1_000_000 + b"\n") * 40),
    "delimited, of rows of another width": (CSV, "records cannot be read", lambda: b"id,a\n" + b",,\n" * 5_000_000),
    "delimited, of huge numbers": (CSV, ASIDE, lambda: b"id,a\n1,1e999999\n2," + DIGITS + b"\n3,1e-999999\n"),
    "ARFF, of a million attributes": (
        ARFF,
        "more than 10000 attributes",
        lambda: b"@relation r\n" + b"".join(b"@attribute c%d real\n" % number for number in range(1_000_000)) + b"@data\n",
    ),
    "ARFF, a quotation mark not closed": (ARFF, ASIDE, lambda: ARFF.good + b"'" + b"x" * 15 * MIB + b"\n3,4\n"),
    "ARFF, of escapes not closed": (ARFF, ASIDE, lambda: ARFF.good + b"'" + b"\\'" * 7 * MIB + b"\n3,4\n"),
    "ARFF, a row of a million fields": (ARFF, ASIDE, lambda: ARFF.good + b"," * 10_000_000 + b"\n3,4\n"),
    "HL7, of a million segments": (HL7, ASIDE, lambda: _hl7(b"PID|1||1", *[b"OBX|1|NM|x||2"] * 1_000_000)),
    "HL7, of a million repetitions": (HL7, ASIDE, lambda: _hl7(b"PID|1||" + b"1~" * 5_000_000)),
    "HL7, of a million components": (HL7, ASIDE, lambda: _hl7(b"PID|1||1" + b"^" * 10_000_000)),
    "HL7, of a million fields": (HL7, ASIDE, lambda: _hl7(b"PID|1||1" + b"|x" * 5_000_000)),
    "HL7, of a million escapes": (HL7, ASIDE, lambda: _hl7(b"PID|1||1" + b"\\F" * 5_000_000)),
    "HL7, of a message without end": (HL7, ASIDE, lambda: _hl7(*[b"OBX|1|ED|x||" + b"A" * 10 * MIB] * 10)),
    "HL7, of many results far from their order": (
        HL7,
        READ,
        lambda: _hl7(b"PID|1||1", *[b"OBX|1|NM|x||2"] * 9_000, *[b"OBR|1|2"] * 9_000),
    ),
    "XML, of records that are none": (XML, "records cannot be read", lambda: b"<D>" + b"<R>x<a/></R>" * 1_000_000 + b"</D>"),
}
ZIPPED = frozenset(name for name in BOMBS if name.startswith("zip"))


def name_of(bomb: str) -> str:
    """Under which name the file comes."""
    kind = BOMBS[bomb][0]
    return f"{kind.name}.zip" if bomb in ZIPPED else kind.name


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir()
    path.write_bytes(content)
    return path
