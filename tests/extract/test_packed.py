"""Packed files: every format comes out as it went in, and what is not exactly one plain file is refused whole."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cgt_etl.contracts.formats import CsvFormat, FileFormat, XlsxFormat
from cgt_etl.contracts.model import Packed
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import limits, open_reader
from tests.dialects.test_samples import REGISTRY, samples
from tests.extract.build import column, table

CSV = CsvFormat(format="csv")
SPEC = table("one", column("id", position=1), column("a"))
ROWS = b"id,a\r\n1,x\r\n2,CANARY\r\n"
CANARY = "CANARY"


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packing) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return made.getvalue()


def of_kind(name: str, kind: int) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.create_system, made.external_attr = 3, (kind | 0o644) << 16
    return made


def read(content: bytes, name: str, tmp_path: Path, *, entry: str | None = None, file: FileFormat = CSV) -> list[list[str | None]]:
    path = tmp_path / "delivered"
    path.write_bytes(content)
    columns = [batch.columns for batch in open_reader(file, path, (SPEC,), name=name, entry=entry)]
    return [[cell for of in columns for cell in of[column.name]] for column in SPEC.columns]


def packings(content: bytes, name: str) -> dict[str, bytes]:
    half = len(content) // 2
    return {
        f"{name}.gz": gzip.compress(content[:half]) + gzip.compress(b"") + gzip.compress(content[half:]),
        f"{name}.ZIP": zipped((f"{name}", content), ("__MACOSX/._x", b"litter")),
        f"{name}.zip": zipped(("export/", b""), ("export/any name", content), ("export/.DS_Store", b""), packing=zipfile.ZIP_STORED),
    }


def _first_of_each_format() -> list[tuple[Path, dict[str, Any]]]:
    found: dict[str, tuple[Path, dict[str, Any]]] = {}
    for path, sample in samples():
        found.setdefault(REGISTRY.binding(sample["as"], sample["feed"]).feed.extension.file.format, (path, sample))
    return list(found.values())


@pytest.mark.parametrize(("path", "sample"), [pytest.param(*case, id=case[0].name) for case in _first_of_each_format()])
def test_every_format_is_read_from_each_packing_as_it_is_plain(path: Path, sample: dict[str, Any], tmp_path: Path) -> None:
    feed = REGISTRY.binding(sample["as"], sample["feed"]).feed
    ignored = feed.extension.ignored_elements
    plain = open_reader(feed.extension.file, path, feed.objects, ignored_elements=ignored)
    wanted = list(plain)
    for name, content in packings(path.read_bytes(), path.name).items():
        (tmp_path / name).write_bytes(content)
        found = open_reader(feed.extension.file, tmp_path / name, feed.objects, ignored_elements=ignored)
        assert list(found) == wanted
        assert (found.units, found.set_aside, found.unmapped) == (plain.units, plain.set_aside, plain.unmapped)


def test_a_pattern_sees_the_name_without_its_packing(tmp_path: Path) -> None:
    file = CsvFormat(format="csv", name=r"tank_(?P<a>\d+)\.csv")
    spec = table("one", column("id", position=1), column("a"))
    for name, content in packings(b"id\n1\n", "tank_07.csv").items():
        (tmp_path / name).write_bytes(content)
        [batch] = open_reader(file, tmp_path / name, (spec,))
        assert batch.columns == {"id": ["1"], "a": ["07"]}


def test_the_contract_says_which_entry_of_several_it_is(tmp_path: Path) -> None:
    content = zipped(("export/export.csv", ROWS), ("export/export_cda.xml", b"<x/>"), ("export/routes/1.gpx", b"<x/>"))
    entry = Packed(entry=r"export/(export|Export)\.csv").entry
    assert read(content, "export.zip", tmp_path, entry=entry)[0] == ["1", "2"]
    with pytest.raises(RefusedFile, match="holds 3 files and not one"):
        read(content, "export.zip", tmp_path)
    with pytest.raises(RefusedFile, match="holds 0 files of the name"):
        read(content, "export.zip", tmp_path, entry=r"export\.csv")


def test_only_a_pattern_can_say_it() -> None:
    with pytest.raises(ValueError, match="no regular expression"):
        Packed(entry="(")


def _flag(content: bytes, bits: int) -> bytes:
    """Set bits of the first entry's flags, in its header and in the directory."""
    at = content.index(b"PK\x01\x02")
    made = bytearray(content)
    for place in (6, at + 8):
        made[place : place + 2] = struct.pack("<H", struct.unpack_from("<H", made, place)[0] | bits)
    return bytes(made)


def _overlapping() -> bytes:
    """Two entries of the directory that point at the same bytes."""
    content = zipped(("a.csv", ROWS))
    at, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry = content[at:end]
    other = entry.replace(b"a.csv", b".DS_Store"[:5])
    return content[:at] + entry + other + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(entry), at, 0)


def _zip64() -> bytes:
    content = zipped(("a.csv", ROWS))
    at, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, end - at, at)
    return content[:end] + record + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1) + content[end:]


def _claiming(file_size: int) -> bytes:
    """The entry is said to have another length than it has."""
    content = zipped(("a.csv", ROWS))
    made, at = bytearray(content), content.index(b"PK\x01\x02")
    struct.pack_into("<L", made, 22, file_size)
    struct.pack_into("<L", made, at + 24, file_size)
    return bytes(made)


def _hidden_member() -> bytes:
    return gzip.compress(ROWS) + b"\0" * 20


def _wrong_checksum(content: bytes, at: int) -> bytes:
    made = bytearray(content)
    made[at] ^= 1
    return bytes(made)


def _deflated_name(name: str) -> bytes:
    return zipped((name, ROWS))


WRONG: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "gz that is plain": ("f.csv.gz", "the name says gzip", lambda: ROWS),
    "gz that is zip": ("f.csv.gz", "the name says gzip", lambda: zipped(("f.csv", ROWS))),
    "zip that is gzip": ("f.csv.zip", "the name says zip", lambda: gzip.compress(ROWS)),
    "nothing under gz": ("f.csv.gz", "the name says gzip", lambda: b""),
    "plain that is gzip": ("f.csv", r"packed \(gzip\)", lambda: gzip.compress(ROWS)),
    "plain that is zip": ("f.csv", r"packed \(zip\)", lambda: zipped(("f.csv", ROWS))),
    "plain that is bzip2": ("f.csv", r"packed \(bzip2\)", lambda: b"BZh91AY&SY" + ROWS),
    "gzip in gzip": ("f.csv.gz", "packed twice", lambda: gzip.compress(gzip.compress(ROWS))),
    "gzip in gzip by name": ("f.csv.gz.gz", "packed twice", lambda: gzip.compress(gzip.compress(ROWS))),
    "zip in gzip": ("f.csv.gz", "packed twice", lambda: gzip.compress(zipped(("f.csv", ROWS)))),
    "zip in zip": ("f.zip", "packed twice", lambda: zipped(("f.csv", zipped(("f.csv", ROWS))))),
    "gzip in zip": ("f.zip", "packed twice", lambda: zipped(("f.csv.gz", gzip.compress(ROWS)))),
    "gzip cut": ("f.csv.gz", "gzip is truncated", lambda: gzip.compress(ROWS * 50)[:-12]),
    "gzip cut in its checksum": ("f.csv.gz", "gzip is truncated", lambda: gzip.compress(ROWS)[:-1]),
    "gzip cut in a member": ("f.csv.gz", "gzip is truncated", lambda: gzip.compress(ROWS) + gzip.compress(ROWS)[:5]),
    "gzip of another checksum": ("f.csv.gz", "gzip is damaged", lambda: _wrong_checksum(gzip.compress(ROWS), -8)),
    "gzip of another length": ("f.csv.gz", "gzip is damaged", lambda: _wrong_checksum(gzip.compress(ROWS), -4)),
    "gzip with something behind": ("f.csv.gz", "something follows", lambda: gzip.compress(ROWS) + ROWS),
    "gzip with zeros behind": ("f.csv.gz", "something follows", _hidden_member),
    "zip cut": ("f.zip", "zip is truncated", lambda: zipped(("f.csv", ROWS))[:-30]),
    "zip of another checksum": (
        "f.zip",
        "zip is damaged",
        lambda: _wrong_checksum(zipped(("f.csv", ROWS), packing=zipfile.ZIP_STORED), 40),
    ),
    "zip with something behind": ("f.zip", "something follows", lambda: zipped(("f.csv", ROWS)) + b"\n"),
    "zip with something before": ("f.zip", "does not begin", lambda: zipped(("a", b"")) + zipped(("f.csv", ROWS))),
    "zip of nothing": ("f.zip", "holds 0 files", zipped),
    "zip of folders and litter": ("f.zip", "holds 0 files", lambda: zipped(("a/", b""), ("__MACOSX/a", ROWS), ("a/Thumbs.db", ROWS))),
    "zip of two": ("f.zip", "holds 2 files", lambda: zipped(("f.csv", ROWS), ("g.csv", ROWS))),
    "zip of two of one name": ("f.zip", "same name", lambda: zipped(("f.csv", ROWS), ("f.csv", ROWS))),
    "zip that is encrypted": ("f.zip", "encrypted", lambda: _flag(zipped(("f.csv", ROWS)), 1)),
    "zip that is strongly encrypted": ("f.zip", "encrypted", lambda: _flag(zipped(("f.csv", ROWS)), 0x41)),
    "zip that overlaps": ("f.zip", "overlap", _overlapping),
    "zip64": ("f.zip", "zip64", _zip64),
    "zip that says less than it holds": ("f.zip", "damaged", lambda: _claiming(5)),
    "zip that says more than it holds": ("f.zip", "damaged", lambda: _claiming(len(ROWS) + 5)),
    "zip by bzip2": ("f.zip", "another way", lambda: zipped(("f.csv", ROWS), packing=zipfile.ZIP_BZIP2)),
    "zip by LZMA": ("f.zip", "another way", lambda: zipped(("f.csv", ROWS), packing=zipfile.ZIP_LZMA)),
    "name that climbs": ("f.zip", "leads out", lambda: _deflated_name("a/../../CANARY.csv")),
    "name from the root": ("f.zip", "leads out", lambda: _deflated_name("/etc/CANARY.csv")),
    "name of a drive": ("f.zip", "leads out", lambda: _deflated_name("C:/CANARY.csv")),
    "name with backslashes": ("f.zip", "leads out", lambda: _deflated_name("..\\CANARY.csv")),
    "a link": ("f.zip", "link or a device", lambda: zipped((of_kind("f.csv", stat.S_IFLNK), b"/etc/passwd"))),
    "a pipe": ("f.zip", "link or a device", lambda: zipped((of_kind("f.csv", stat.S_IFIFO), b""))),
    "a folder that holds bytes": ("f.zip", "holds bytes", lambda: zipped(("f.csv", ROWS), ("CANARY/", ROWS))),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", WRONG)
def test_it_is_refused(case: str, tmp_path: Path) -> None:
    name, what, made = WRONG[case]
    with pytest.raises(RefusedFile, match=what) as refused:
        read(made(), name, tmp_path)
    assert (refused.value.rule, refused.value.file) == ("F01", name)
    assert refused.value.remedy
    assert CANARY not in str(refused.value)


def test_a_workbook_is_a_zip_by_its_format_and_may_be_packed_in_none(tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match="holds 3 files"):
        book = zipped(("[Content_Types].xml", b""), ("xl/workbook.xml", b""), ("xl/_rels/workbook.xml.rels", b""))
        read(book, "f.zip", tmp_path, file=XlsxFormat(format="xlsx", sheet="S"))


@pytest.mark.parametrize(
    ("limit", "name", "what"),
    [
        (("MAX_UNPACKED_BYTES", 1_000_000), "f.csv.gz", "more than 1000000 bytes"),
        (("MAX_UNPACKED_BYTES", 1_000_000), "f.csv.zip", "more than 1000000 bytes"),
        (("MAX_UNJUDGED_BYTES", 1_000_000), "f.csv.gz", "expands more than 200 times"),
        (("MAX_UNJUDGED_BYTES", 1_000_000), "f.csv.zip", "expands more than 200 times"),
        (("MAX_GZIP_MEMBERS", 2), "f.csv.gz", "more than 2 members"),
        (("MAX_ZIP_ENTRIES", 1), "f.csv.zip", "more than 1 entries"),
    ],
)
def test_the_limits_hold(limit: tuple[str, int], name: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = packings(ROWS + b"3,y\r\n" * 300_000, "f.csv")[name.replace(".zip", ".ZIP")]
    read(content, name, tmp_path)
    monkeypatch.setattr(limits, *limit)
    with pytest.raises(RefusedFile, match=what):
        read(content, name, tmp_path)


def test_a_gzip_of_many_blocks_with_a_name_and_a_comment_is_read(tmp_path: Path) -> None:
    rows = b"".join(b"%d,%s\r\n" % (number, os.urandom(8).hex().encode()) for number in range(20_000))
    blocks = [rows[at : at + 65_280] for at in range(0, len(rows), 65_280)]
    with_head = zlib.compressobj(wbits=-15)
    body = with_head.compress(b"id,a\r\n") + with_head.flush()
    first = b"\x1f\x8b\x08\x1c" + bytes(6) + b"\x04\0BC\x02\0" + b"f.csv\0a comment\0"
    first += body + struct.pack("<LL", zlib.crc32(b"id,a\r\n"), 6)
    read_rows = read(first + b"".join(gzip.compress(block) for block in blocks), "f.csv.gz", tmp_path)
    assert read_rows[0] == [str(number) for number in range(20_000)]


@pytest.mark.parametrize("name", ["f.csv.gz", "f.csv.zip"])
def test_no_damage_passes_for_another_file(name: str, tmp_path: Path) -> None:
    """A flipped bit or a cut is refused, or changes nothing that is read (the time and the name in the head)."""
    random, refusals = Random(7), 0
    plain = b"id,a\r\n" + b"".join(b"%d,x\r\n" % number for number in range(200))
    content = packings(plain, "f.csv")[name]
    wanted = read(content, name, tmp_path)
    for _ in range(300):
        damaged = bytearray(content)
        if random.random() < 0.3:
            del damaged[random.randrange(len(damaged)) :]
        else:
            damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
        try:
            assert read(bytes(damaged), name, tmp_path) == wanted
        except RefusedFile as error:
            refusals += 1
            assert error.rule in ("F01", "F02")
    assert refusals > 150
