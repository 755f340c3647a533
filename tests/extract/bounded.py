"""One file through its reader and the door in a process of its own, and how much memory and time that took."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.door.admit import admit
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import open_reader, packed
from tests.door.build import KEYS, REGISTRY, binding

SECONDS_TO_WAIT = 60


@dataclass(frozen=True)
class Outcome:
    """What became of a file. `rule` and `what` where it was refused; else how many records came, and how many rows and cells were kept."""

    rule: str | None = None
    what: str = ""
    units: int = 0
    rows: int = 0
    cells_aside: int = 0
    bytes_above: int = 0
    """Memory at most, above that of the same process after a small good file; what was unpacked (which lies in memory too) included."""
    seconds: float = 0.0


def outcome(file: Mapping[str, Any], objects: tuple[ObjectSpec, ...], good: Path, path: Path) -> Outcome:
    """Read `good`, then measure `path`, both by the same contract.

    Raises:
        AssertionError: the process died, or had to be ended.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(dict(file), objects, good, path, there))
    child.start()
    there.close()
    try:
        assert here.poll(SECONDS_TO_WAIT), "it does not end"
        found: Outcome = here.recv()
    except EOFError:
        raise AssertionError("its process died") from None
    finally:
        child.kill()
        child.join()
    return found


def _measure(file: dict[str, Any], objects: tuple[ObjectSpec, ...], good: Path, path: Path, to: Connection) -> None:
    of = binding(*objects, file=file)
    unpacked = 0
    plain = packed.private_file

    def counted(chunks: Iterable[bytes], label: str) -> AbstractContextManager[Path]:
        def counting() -> Iterator[bytes]:
            nonlocal unpacked
            for chunk in chunks:
                unpacked += len(chunk)
                yield chunk

        return plain(counting(), label)

    packed.private_file = counted  # type: ignore[assignment]
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))  # a bomb that goes off ends its own process

    def through(at: Path) -> Outcome:
        reading = open_reader(of.feed.extension.file, at, of.feed.objects)
        try:
            admitted = admit(of, reading, KEYS, frozenset(), REGISTRY, source_delivery="northgate/feed/0", sequence="1")
        except RefusedFile as error:
            return Outcome(error.rule, str(error))
        root = of.feed.objects[0].name
        aside = sum(one.column is not None for one in admitted.set_aside)
        return Outcome(None, "", reading.units, admitted.counts["rows"][root]["accepted"], aside)

    assert through(good).rows == 1
    before, unpacked, began = _most(), 0, time.monotonic()
    found = through(path)
    seconds, above = time.monotonic() - began, _most() - before + unpacked
    to.send(Outcome(found.rule, found.what, found.units, found.rows, found.cells_aside, above, seconds))


def _most() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
