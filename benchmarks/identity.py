"""How fast identities are resolved: landed records that name people, made from numbers, and the identity tables of all of them.

Every subject has four identifiers, in five records that name two of them each; one in a hundred was merged from another number, and one
in two thousand has a record in which somebody else's number stands. Each run is a process of its own. Asserts nothing. See README.md
beside this file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import tempfile
import time
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cgt_etl.contracts.formats import CsvFormat
from cgt_etl.contracts.load import Feed, ObjectSpec
from cgt_etl.contracts.model import FeedExtension, ObjectExtension, Promise, Sequence
from cgt_etl.contracts.registry import Dialect, Registry
from cgt_etl.door.tokens import Keys
from cgt_etl.identity.build import build
from cgt_etl.identity.components import Ints
from cgt_etl.landing.delivery import Delivery, Manifest, ObjectFile, deliveries
from cgt_etl.settings import Settings

KINDS = (("mrn", "hospital", "recipient"), ("fhir_patient_id", "hospital", "recipient"), ("crid", "", "recipient"), ("coi", "", "both"))
PAIRS = ((0, 1), (0, 2), (2, 3), (0, 3), (1, 3))
DELIVERIES = 20
MERGED, SWAPPED = 100, 2_000
"""One subject in so many."""
SIZES = (250_000, 500_000, 1_000_000, 2_000_000)


def registry() -> Registry:
    """One dialect with one feed."""
    extension = FeedExtension(file=CsvFormat(format="csv"), mode="upsert", sequence=Sequence(source="constant", value="1"), unit="row")
    feed = Feed(
        dialect="bench", name="person", path=Path("bench/person.odcs.yaml"), version="1.0.0", description="", owner="",
        extension=extension, objects=(ObjectSpec("person", "", ObjectExtension(), ()),), promise=Promise(), digest="0" * 64,
    )  # fmt: skip
    return Registry({"bench": Dialect("bench", Path("bench"), (feed,))}, {}, {}, [])


def _hex(count: int, draw: np.random.Generator) -> pa.Array:
    """So many tokens of 32 hex digits."""
    data = draw.bytes(16 * count).hex().encode("ascii")
    offsets = np.arange(0, 32 * count + 1, 32, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))


def lay_out(settings: Settings, subjects: int) -> int:
    """Land the records of so many subjects; returns how many pairs of identifiers they state."""
    draw = np.random.default_rng(7)
    share = subjects // DELIVERIES
    pairs = 0
    for number in range(DELIVERIES):
        linkage, partner = _hex(5 * share, draw), _hex(5 * share, draw)  # the fifth is the number that was merged
        person = np.arange(share)
        rows: list[tuple[Ints, Ints]] = []
        for one, other in PAIRS:
            named = person.copy()
            if (one, other) == PAIRS[3]:
                named[::SWAPPED] = (named[::SWAPPED] + 1) % share
            rows.append((5 * named + one, 5 * person + other))
        merged = person[::MERGED]
        left = np.concatenate([*(pair[0] for pair in rows), 5 * merged])
        right = np.concatenate([*(pair[1] for pair in rows), 5 * merged + 4])
        _land(settings, number, (left, right, len(merged)), (linkage, partner), draw)
        pairs += len(left)
    return pairs


def _land(
    settings: Settings, number: int, pair: tuple[Ints, Ints, int], tokens: tuple[pa.Array, pa.Array], draw: np.random.Generator
) -> None:
    """`pair`: both tokens of each record, and how many of the last records are merges. `tokens`: under the linkage and the partner key."""
    left, right, merged = pair
    many = len(left)
    sha256 = f"{number:016x}" + 48 * "0"
    id_ = f"bench/person/{sha256[:16]}"
    folder = settings.landing / id_ / ("d" * 16)
    (folder / "accepted").mkdir(parents=True)
    position = np.arange(2, many + 2)
    same = {"source_delivery": id_, "partner": "bench", "site": "bench.main", "sequence": "1"}
    accepted = {
        "source_row": position,
        "source_item": np.zeros(many, dtype=np.int64),
        "record_key": _hex(many, draw),
        "is_retracted": pa.array(np.zeros(many, dtype=np.bool_)),
        **{name: pa.repeat(text, many) for name, text in same.items()},
    }
    token = np.stack([left, right], axis=1).ravel()
    states = np.zeros(2 * many, dtype=np.bool_)
    states[-2 * merged :: 2] = True  # the number that stays
    kind = pa.array(token % 5 % 4)
    of_kind = [pa.array([one[place] for one in KINDS]).take(kind) for place in range(3)]
    links = {
        "source_row": np.repeat(position, 2),
        "source_item": np.zeros(2 * many, dtype=np.int64),
        "object": pa.repeat("person", 2 * many),
        "record_key": accepted["record_key"].take(pa.array(np.repeat(np.arange(many), 2))),  # type: ignore[union-attr]
        "column": pa.array(["left", "right"]).take(pa.array(np.tile([0, 1], many))),
        "kind": of_kind[0],
        "issuer": of_kind[1],
        "person": pa.array(np.where(states, None, of_kind[2].to_numpy(zero_copy_only=False)), pa.string()),
        "says": pa.array(np.where(states, "replaces", None), pa.string()),
        "of": pa.array(np.where(states, "right", None), pa.string()),
        "partner_token": tokens[1].take(pa.array(token)),
        "linkage_token": tokens[0].take(pa.array(token)),
    }
    files = {}
    for name, columns in (("accepted/person.parquet", accepted), ("links.parquet", links)):
        table = pa.table(columns)
        pq.write_table(table, folder / name, compression="zstd")
        files[name] = ObjectFile(name, table.num_rows, "0" * 64)
    manifest = Manifest(
        partner="bench", feed="person", dialect="bench", source_name="bench.csv", sha256=sha256, size=1,
        contract={"id": "bench.person", "version": "1.0.0"}, door16="d" * 16, door={}, sequence="1", envelope_sequence=None,
        received_at="2025-11-02T00:00:00+00:00", admitted_at="2025-11-02T00:00:00+00:00", status="landed",
        objects={"person": files["accepted/person.parquet"]}, links=files["links.parquet"], verdict_file=None,
    )  # fmt: skip
    (folder / "manifest.json").write_text(manifest.text(), encoding="utf-8")
    (folder.parent / "current").write_text("d" * 16, encoding="ascii")


def _resolve(home: Path, to: Connection) -> None:
    settings = Settings(home=home)
    landed: list[Delivery] = deliveries(settings)
    begun, on_clock = time.process_time(), time.perf_counter()
    found = build(settings, registry(), landed, Keys(bytes(32)), home / "identity")
    seconds = (time.process_time() - begun, time.perf_counter() - on_clock)
    status = Path("/proc/self/status").read_text(encoding="ascii")  # getrusage would tell of the process that started this one
    [kib] = re.findall(r"VmHWM:\s*([0-9]+) kB", status)
    to.send((*seconds, int(kib) * 1024, found.rows))


def run(subjects: int, folder: Path) -> tuple[int, float, float, int, dict[str, int]]:
    """Pairs, seconds of the processor and on the clock, the most bytes that were resident, rows of each table."""
    home = folder / str(subjects)
    pairs = lay_out(Settings(home=home), subjects)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_resolve, args=(home, there))
    child.start()
    there.close()
    processor, clock, resident, rows = here.recv()
    child.join()
    return pairs, processor, clock, resident, rows


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", type=int, default=list(SIZES), help=f"one run each; {', '.join(map(str, SIZES))} by default")
    asked = parser.parse_args()
    print(f"{'subjects':>9}{'pairs':>10}{'processor s':>13}{'clock s':>9}{'GiB':>7}{'us a pair':>11}  tables")
    found = []
    for subjects in asked.subjects:
        with tempfile.TemporaryDirectory() as folder:
            pairs, processor, clock, resident, rows = run(subjects, Path(folder))
        found.append((subjects, processor))
        told = ", ".join(f"{name} {many}" for name, many in rows.items())
        print(
            f"{subjects:>9}{pairs:>10}{processor:>13.1f}{clock:>9.1f}{resident / 2**30:>7.2f}{1e6 * processor / pairs:>11.2f}  {told}",
            flush=True,
        )
    for (less, fewer), (more, longer) in pairwise(found):
        print(f"{more / less:.1f} times as many subjects take {longer / fewer:.2f} times as long")


if __name__ == "__main__":
    main()
