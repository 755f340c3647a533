"""How fast each reader is beside the plain library for its format: the same file, the same columns, typed by both
(but where the library only divides: `hl7` and `arff` stand beside splitting alone, `_table` beside the table made of it).

Ours reads, types and judges by a contract without rules (`read` is the reader alone). Each run is a process of its own; they take turns,
and the least processor time counts, for machines are shared; `worst` is the ratio of the worst turn. Asserts nothing.
See README.md beside this file.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import xlsxwriter
from lxml import etree
from python_calamine import CalamineWorkbook

from cgt_etl.contracts.load import ColumnSpec, Feed, ObjectSpec
from cgt_etl.contracts.model import Column, FeedExtension, ObjectExtension, Partner, Promise
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.admit import admit, parts_of
from cgt_etl.door.casts import Context
from cgt_etl.door.columns import typed
from cgt_etl.door.judge import judge
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import open_reader
from cgt_etl.landing.folder import Tables

NAMES = ("id", "at", "value", "kind")
CASTS = {"id": "text", "at": "instant", "value": "decimal", "kind": "text"}
KINDS = ("heart_rate", "steps", "oxygen_saturation", "respiratory_rate")
FORM = "%Y-%m-%dT%H:%M:%S%z"
GIGABYTE = 1_000_000_000
Row = tuple[str, str, str, str]


def rows(count: int) -> Iterator[Row]:
    """Minutes of somebody who is nobody."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(count):
        at, value = (start + timedelta(minutes=number)).isoformat(), (40_000 + number * 7_919 % 140_000) / 1_000
        yield f"R{number:09d}", at, str(value), KINDS[number % 4]


@dataclass(frozen=True)
class Bench:
    """One format: how a file of it is written, what the contract calls its columns, and the plain library."""

    file: Mapping[str, Any]
    write: Callable[[Path, int], None]
    plain: Callable[[Path], int]
    """Reads a file, and gives how many records it found."""
    beside: str
    places: tuple[str, str, str, str] = NAMES
    explode: str | None = None
    """Its rows lie in a list of the record that this names; the record's own column is the first place."""

    @property
    def objects(self) -> tuple[ObjectSpec, ...]:
        columns = tuple(_column(name, place) for name, place in zip(NAMES, self.places, strict=True))
        if self.explode is None:
            return (ObjectSpec("one", "", ObjectExtension(), columns),)
        return (
            ObjectSpec("message", "", ObjectExtension(), columns[:1]),
            ObjectSpec("one", "", ObjectExtension(explode=self.explode), columns[1:]),
        )


def _column(name: str, place: str) -> ColumnSpec:
    extension = Column.model_validate({"cast": CASTS[name], "privacy": "none", "action": "keep"})
    return ColumnSpec(name, place, "", required=False, key_position=0 if name == "id" else None, extension=extension, rules=())


# How files are written


def _csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(chain([NAMES], rows(count)))


def _ndjson(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in rows(count):
            stream.write(_resource(row) + "\n")


def _resource(row: Row) -> str:
    return '{{"id":"{}","effective":{{"at":"{}"}},"value":{{"quantity":{}}},"code":[{{"text":"{}"}}]}}'.format(*row)


def _json(path: Path, count: int) -> None:
    path.write_text('{"rows":[' + ",\n".join(_resource(row) for row in rows(count)) + "]}", encoding="utf-8")


def _xml(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write("<?xml version='1.0' encoding='UTF-8'?>\n<D>\n")
        for row in rows(count):
            stream.write(' <R id="{}" at="{}" value="{}"><kind>{}</kind></R>\n'.format(*row))
        stream.write("</D>\n")


def _hl7(path: Path, count: int) -> None:
    """Ten results a message."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        for number, (key, at, value, kind) in enumerate(rows(count)):
            if number % 10 == 0:
                stream.write(f"MSH|^~\\&|LAB|A|B|C|20250101||ORU^R01|{key}|P|2.5.1\rPID|1||{key}^^^A^MR\rOBR|1|||{kind}\r")
            stream.write(f"OBX|{number % 10 + 1}|NM|{kind}^x^LN||{value}|bpm|||||F|||{at}\r")


def _arff(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write("@relation r\n" + "".join(f"@attribute {name} string\n" for name in NAMES) + "@data\n")
        stream.writelines(f"{key},{at},{value},{kind}\n" for key, at, value, kind in rows(count))


def _xlsx(path: Path, count: int) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("S")
        sheet.write_row(0, 0, NAMES)
        for number, (key, at, value, kind) in enumerate(rows(count), start=1):
            sheet.write_row(number, 0, (key, at, float(value), kind))


# The plain libraries


def _polars(path: Path) -> int:
    schema = {"id": pl.String(), "at": pl.String(), "value": pl.Float64(), "kind": pl.String()}
    return pl.read_csv(path, schema=schema).with_columns(pl.col("at").str.to_datetime(FORM)).height


def _duckdb(path: Path) -> int:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            """select id, effective."at" as seen, value.quantity as value, code[1].text as kind from read_json($1, format =
            'newline_delimited', columns = {id: 'VARCHAR', effective: 'STRUCT("at" TIMESTAMPTZ)', value: 'STRUCT(quantity DOUBLE)',
            code: 'STRUCT(text VARCHAR)[]'})""",
            [str(path)],
        )
        return connection.fetch_arrow_table().num_rows


def _json_load(path: Path) -> int:
    with path.open(encoding="utf-8") as stream:
        return len(json.load(stream)["rows"])


def _lxml(path: Path) -> int:
    """Record by record, each let go of behind it, as whoever reads long files must."""
    found: list[tuple[str | None, ...]] = []
    for _, record in etree.iterparse(path, tag="R"):
        found.append((record.get("id"), record.get("at"), record.get("value"), record.findtext("kind")))
        record.clear()
        while record.getprevious() is not None:
            del record.getparent()[0]
    return len(found)


def _split_hl7(path: Path) -> int:
    with path.open(encoding="utf-8") as stream:
        return sum(line.rstrip("\n").split("|")[0] == "OBX" for line in stream)


def _table_of_hl7(path: Path) -> int:
    """The table that ours gives, from the same splitting."""
    found: list[tuple[str, ...]] = []
    key = ""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            fields = line.rstrip("\n").split("|")
            if fields[0] == "PID":
                key = fields[3].split("^")[0]
            elif fields[0] == "OBX":
                found.append((key, fields[14], fields[5], fields[3].split("^")[0]))
    return _typed(found)


def _table_of_arff(path: Path) -> int:
    with path.open(encoding="utf-8") as stream:
        lines = (line.rstrip("\n").split(",") for line in stream)
        return _typed([tuple(fields) for fields in lines if len(fields) == len(NAMES)])


def _typed(found: list[tuple[str, ...]]) -> int:
    columns = dict(zip(NAMES, zip(*found, strict=True), strict=True))
    return pl.DataFrame(columns).with_columns(pl.col("at").str.to_datetime(FORM), pl.col("value").cast(pl.Float64)).height


def _split_arff(path: Path) -> int:
    with path.open(encoding="utf-8") as stream:
        return sum(len(line.rstrip("\n").split(",")) == len(NAMES) for line in stream)


def _calamine(path: Path) -> int:
    return len(CalamineWorkbook.from_path(str(path)).get_sheet_by_name("S").to_python()) - 1


NESTED = ("id", "effective.at", "value.quantity", "code[0].text")
FIELDS = ("PID-3.1", "OBX-14", "OBX-5", "OBX-3.1")
BENCHES = {
    "csv": Bench({"format": "csv"}, _csv, _polars, "polars"),
    "ndjson": Bench({"format": "ndjson"}, _ndjson, _duckdb, "duckdb", NESTED),
    "json": Bench({"format": "json", "records": "rows"}, _json, _json_load, "json.load", NESTED),
    "xml": Bench({"format": "xml", "records": ["D.R"]}, _xml, _lxml, "lxml", ("@id", "@at", "@value", "kind")),
    "hl7": Bench({"format": "hl7"}, _hl7, _split_hl7, "str.split", FIELDS, "OBX"),
    "hl7_table": Bench({"format": "hl7"}, _hl7, _table_of_hl7, "its table", FIELDS, "OBX"),
    "arff": Bench({"format": "arff"}, _arff, _split_arff, "str.split"),
    "arff_table": Bench({"format": "arff"}, _arff, _table_of_arff, "its table"),
    "xlsx": Bench({"format": "xlsx", "sheet": "S"}, _xlsx, _calamine, "calamine"),
}
ROWS = dict.fromkeys(BENCHES, 200_000) | {"json": 150_000, "xlsx": 100_000}


# One run, in a process of its own


def _plain(bench: Bench, path: Path) -> int:
    return bench.plain(path)


def _read(bench: Bench, path: Path) -> int:
    return sum(len(batch.positions) for batch in open_reader(_format(bench), path, bench.objects) if batch.object == "one")


def _ours(bench: Bench, path: Path) -> int:
    """Some whole records at a time, as the door takes them."""
    context = Context(ZoneInfo("UTC"))
    found = 0
    for delivered in parts_of(open_reader(_format(bench), path, bench.objects), bench.objects):
        for name in [*delivered]:
            of = delivered.pop(name)
            frame = typed(of, lambda _: context)
            found += (name == "one") * (frame.height - sum(len(fault.rows) for fault in judge(of, frame)))
    return found


def _landed(bench: Bench, path: Path) -> int:
    """Through reader and door into the tables of a delivery."""
    partner = Partner.model_validate(PARTNER)
    feed = Feed("bench", "feed", Path("bench"), "1.0.0", "", "", _extension(bench), Promise(), bench.objects, "")
    binding = Binding(partner, partner.speaks[0], feed, partner.sites[0])
    registry = Registry({}, {partner.partner: partner}, {partner.partner: ""}, [])
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(Path(folder))
        reading = open_reader(_format(bench), path, bench.objects)
        last = admit(binding, reading, Keys(bytes(32)), frozenset(), registry, source_delivery="d", sequence="1", hand_on=tables.add)
        tables.add(last)
        objects, *_ = tables.close()
    return objects["one"].rows


def _extension(bench: Bench) -> FeedExtension:
    stated = {"file": bench.file, "mode": "upsert", "sequence": {"source": "constant", "value": "1"}, "unit": "row"}
    return FeedExtension.model_validate(stated)


def _format(bench: Bench) -> Any:
    return _extension(bench).file


COMPARED: dict[str, Callable[[Bench, Path], int]] = {"plain": _plain, "read": _read, "ours": _ours}
WHO = COMPARED | {"landed": _landed}
PARTNER = {
    "partner": "bench",
    "name": "Bench",
    "legal_entity": "Bench",
    "roles": ["laboratory"],
    "sites": [{"site": "main", "name": "Main", "zone": "UTC", "country": "US"}],
    "speaks": [{"dialect": "bench", "site": "main"}],
    "token_key": "bench-1",
    "owner": "nobody",
}


def _timed(who: str, name: str, path: Path, to: Connection) -> None:
    begun = time.process_time()
    found = WHO[who](BENCHES[name], path)
    seconds = time.process_time() - begun
    status = Path("/proc/self/status").read_text(encoding="ascii")  # getrusage would tell of the process that started this one
    [kib] = re.findall(r"VmHWM:\s*([0-9]+) kB", status)
    to.send((seconds, found, int(kib) * 1024))


def run(who: str, name: str, path: Path) -> tuple[float, int, int]:
    """Seconds of the processor, rows, and the most bytes that were resident."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_timed, args=(who, name, path, there))
    child.start()
    there.close()
    found: tuple[float, int, int] = here.recv()
    child.join()
    return found


def compare(names: list[str], folder: Path, times: int) -> None:
    """Print a line for each format."""
    print(f"{'format':11}{'beside':11}{'rows':>9}{'MB':>6}{'plain s':>9}{'read s':>8}{'ours s':>8}{'ratio':>7}{'worst':>7}{'ours MB':>9}")
    for name in names:
        path = folder / f"f.{name}"
        BENCHES[name].write(path, ROWS[name])
        least: dict[str, tuple[float, int, int]] = {}
        worst = 0.0
        for _ in range(times):
            found = {who: run(who, name, path) for who in COMPARED}
            least = {who: min(least.get(who, one), one) for who, one in found.items()}
            worst = max(worst, found["ours"][0] / found["plain"][0])
        plain, read, ours = (least[who][0] for who in COMPARED)
        size, beside = path.stat().st_size / 1e6, BENCHES[name].beside
        if least["ours"][1] != ROWS[name]:
            raise SystemExit(f"{name}: {least['ours'][1]} rows were read and found without fault")
        print(
            f"{name:11}{beside:11}{ROWS[name]:>9}{size:>6.0f}{plain:>9.2f}{read:>8.2f}{ours:>8.2f}{ours / plain:>7.1f}{worst:>7.1f}"
            f"{least['ours'][2] / 1e6:>9.0f}",
            flush=True,
        )
        path.unlink()


def gigabyte(names: list[str], folder: Path) -> None:
    """Take a file of 1 GB of each format that is read as a stream through reader and door, and print what was resident at most."""
    for name in names:
        path = folder / f"f.{name}"
        BENCHES[name].write(path, 10_000)
        BENCHES[name].write(path, 10_000 * GIGABYTE // path.stat().st_size)
        seconds, found, resident = run("landed", name, path)
        print(f"{name}: {path.stat().st_size / 1e6:.0f} MB, {found} rows, {seconds:.0f} s, {resident / 1e6:.0f} MB resident", flush=True)
        path.unlink()


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", default=[], metavar="FORMAT", help=f"of {', '.join(BENCHES)}; all where none is named")
    parser.add_argument("--times", type=int, default=3, help="how often each is run")
    parser.add_argument("--gigabyte", action="store_true", help="take 1 GB of CSV, JSON lines and XML through reader and door instead")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.gigabyte:
            gigabyte(asked.formats or ["csv", "ndjson", "xml"], Path(folder))
        else:
            compare(asked.formats or list(BENCHES), Path(folder), asked.times)


if __name__ == "__main__":
    os.environ["POLARS_MAX_THREADS"] = "1"  # for the processes that it starts; one core each
    main()
