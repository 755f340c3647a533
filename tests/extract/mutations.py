"""Seeded damage to valid files, as exports and transfers do it, and counts of records made without the readers.

Every mutator takes a generator and the bytes of a file and gives other bytes; `counted` gives the records a file must have by a plain scan,
or None where no plain scan can say so.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from random import Random
from xml.etree import ElementTree

from cgt_etl.contracts.formats import (
    ArffFormat,
    CsvFormat,
    FcsFormat,
    FileFormat,
    Hl7Format,
    JsonFormat,
    NdjsonFormat,
    PlateFormat,
    TextFormFormat,
    XlsxFormat,
    XmlFormat,
)

MARKER = b"Kq5550198Zx"
"""Put into files to be looked for where no value may be; with a number in it, for it may land in a name."""
Mutator = Callable[[Random, bytes], bytes]
_ENDS = re.compile(r"\r\n|\r|\n")


def _cut(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content))]


def _cut_out(random: Random, content: bytes) -> bytes:
    first, last = sorted(random.randrange(len(content) + 1) for _ in range(2))
    return content[:first] + content[last:]


def _flipped_bits(random: Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(random.choice((1, 3, 20))):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def _replaced(random: Random, content: bytes, sought: bytes, by: bytes) -> bytes:
    """At one place, or at all."""
    places = [match.start() for match in re.finditer(re.escape(sought), content)]
    if not places:
        return _inserted(random, content, by)
    if random.random() < 0.3:
        return content.replace(sought, by)
    place = random.choice(places)
    return content[:place] + by + content[place + len(sought) :]


def _inserted(random: Random, content: bytes, what: bytes) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + what + content[place:]


def _swapped_delimiters(random: Random, content: bytes) -> bytes:
    one, other = random.sample([b",", b";", b"\t", b"|", b":", b"^", b"=", b"&"], 2)
    return _replaced(random, content, one, other)


def _doubled_quotes(random: Random, content: bytes) -> bytes:
    quote = random.choice((b'"', b"'"))
    return _replaced(random, content, quote, quote * 2)


def _lone_quote(random: Random, content: bytes) -> bytes:
    return _inserted(random, content, random.choice((b'"', b"'", b"\\")))


def _other_encoding(random: Random, content: bytes) -> bytes:
    text = content.decode("utf-8", "replace").replace("a", random.choice(("a", "ä", "€", "𝄞")), 2)
    return text.encode(random.choice(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "cp500")), "replace")


def _nul(random: Random, content: bytes) -> bytes:
    return _inserted(random, content, random.choice((b"\0", b"\\u0000", b"&#0;", b"\\ud800", b"\x0b", b"\x1c", b"\x85", b"\xe2\x80\xa8")))


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def _missing_header(_: Random, content: bytes) -> bytes:
    return b"".join(_lines(content)[1:])


def _doubled_header(random: Random, content: bytes) -> bytes:
    lines = _lines(content)
    lines.insert(random.randrange(len(lines) + 1), lines[0])
    return b"".join(lines)


def _doubled_line(random: Random, content: bytes) -> bytes:
    lines = _lines(content)
    place = random.randrange(len(lines))
    return b"".join([*lines[: place + 1], *lines[place:]])


def _missing_line(random: Random, content: bytes) -> bytes:
    lines = _lines(content)
    del lines[random.randrange(len(lines))]
    return b"".join(lines)


def _other_line_ends(random: Random, content: bytes) -> bytes:
    return b"".join(line.rstrip(b"\r\n") + random.choice((b"\r", b"\n", b"\r\n", b"\n\n", b"\r\r\n")) for line in _lines(content))


def _broken_nesting(random: Random, content: bytes) -> bytes:
    return _replaced(random, content, random.choice(_NESTING), random.choice(_NESTING))


_NESTING = (
    b"{",
    b"}",
    b"[",
    b"]",
    b"<",
    b">",
    b"/>",
    b"</",
    b"[]",
    b"{}",
    b"null",
    b"[" * 80,
    b'{"a":' * 80,
    b"<a>" * 80,
    b"1e999999",
    b"NaN",
)


def _other_value(random: Random, content: bytes) -> bytes:
    """A word or number anywhere becomes something else, of no type that is expected there."""
    values = (b"", b" ", b"-", b"9" * 400, b"1e400", b"NaN", b"0000-00-00", b"99999-12-31T25:61:61", b"null", b"true", b"-0.0", b"1E-400")
    words = list(re.finditer(rb"[\w.:-]+", content))
    if not words:
        return _inserted(random, content, random.choice(values))
    word = random.choice(words)
    return content[: word.start()] + random.choice(values) + content[word.end() :]


MUTATORS: tuple[Mutator, ...] = (
    _cut,
    _cut_out,
    _flipped_bits,
    _swapped_delimiters,
    _doubled_quotes,
    _lone_quote,
    _other_encoding,
    _nul,
    _missing_header,
    _doubled_header,
    _doubled_line,
    _missing_line,
    _other_line_ends,
    _broken_nesting,
    _other_value,
)


def mutated(random: Random, mutator: Mutator, content: bytes, *, is_archive: bool) -> bytes:
    """The damaged file, the marker somewhere in it; of an archive the damage is in the archive itself or in one of its parts."""
    if not is_archive:
        return mutator(random, _marked(random, content))
    if random.random() < 0.25:
        return mutator(random, content)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as other:
        names = archive.namelist()
        hit = random.choice([*names, *[name for name in names if "sheet" in name or "shared" in name] * 4])
        for name in names:
            part = archive.read(name)
            other.writestr(name, mutator(random, _marked(random, part)) if name == hit else part)
    return made.getvalue()


def _marked(random: Random, content: bytes) -> bytes:
    words = list(re.finditer(rb"[A-Za-z0-9]{4,}", content))
    if not words:
        return content
    word = random.choice(words)
    return content[: word.start()] + MARKER + content[word.end() :]


def counted(file: FileFormat, content: bytes) -> int | None:
    """Records that a file, which its reader took, must have been counted as; None where a plain scan cannot tell."""
    found: int | None = None
    match file:
        case CsvFormat(head=None):
            is_marked = "utf-16" in file.marked_encodings and content[:2] in (b"\xff\xfe", b"\xfe\xff")
            found = _plain_rows(file, content.decode("utf-16" if is_marked else file.encoding))
        case NdjsonFormat():
            found = sum(bool(line.strip()) for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
        case ArffFormat():
            lines = [line.strip() for line in _ENDS.split(content.decode("utf-8-sig"))]
            below = lines[[line.lower() for line in lines].index("@data") + 1 :]
            found = sum(bool(line) and not line.startswith("%") for line in below)
        case Hl7Format():
            found = sum(line.lstrip("\x0b\x1c").startswith("MSH") for line in _ENDS.split(content.decode(file.encoding)))
        case XmlFormat():
            found = _elements(file, content)
        case JsonFormat():
            found = _listed(file, json.loads(content.decode("utf-8-sig")))
        case FcsFormat():
            found = 1
        case PlateFormat():
            found = file.rows * file.columns
        case TextFormFormat():
            found = 1
        case XlsxFormat():
            found = 1 if file.form is not None else None
        case _:
            pass
    return found


def _plain_rows(file: CsvFormat, text: str) -> int | None:
    """Lines below the header that are not blank, where no quotation mark makes a line something else."""
    lines = _ENDS.split(text.removeprefix("\ufeff"))
    return sum(line != "" for line in lines[file.header_lines :]) if file.quote not in text else None


def _elements(file: XmlFormat, content: bytes) -> int:
    """Elements whose way is one of the stated, by their local names."""
    ways = [tuple(step.rpartition(":")[2] for step in way.split(".")) for way in file.records]
    found = 0
    pending: list[tuple[tuple[str, ...], ElementTree.Element]] = [
        ((), ElementTree.fromstring(content.decode(file.encoding)))
    ]  # no document type: the reader refused those
    while pending:
        above, element = pending.pop()
        way = (*above, element.tag.rpartition("}")[2])
        if any(len(way) == len(stated) and all(step in ("*", name) for step, name in zip(stated, way, strict=True)) for stated in ways):
            found += 1
        else:
            pending += [(way, child) for child in element]
    return found


def _listed(file: JsonFormat, document: object) -> int | None:
    """Elements of the lists of records, where each document of the file has one list at a plain path."""
    if file.records is None or file.resource_type or not re.fullmatch(r"[\w-]+(\.[\w-]+)*", file.records):
        return None
    steps = [*(file.inside.split(".") if file.inside else []), *file.records.split(".")]
    found = 0
    for node in document if isinstance(document, list) else [document]:
        for step in steps:
            node = node.get(step) if isinstance(node, dict) else None  # noqa: PLW2901
        if not isinstance(node, list) or any(isinstance(one, list) for one in node):
            return None
        found += len(node)
    return found
