"""Runs a partner's statements: starts the process that may read its store, hands it one at a time, ends it when one takes too long.

The one way by which a statement of a partner is run. Where and how it is locked in is `worker`'s matter; this module gives it nothing but
the store's encrypted bytes, the store's key and the statement.
"""

from __future__ import annotations

import csv
import io
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cgt_etl.errors import CgtError
from cgt_etl.sandbox import store

WORKER = Path(__file__).with_name("worker.py")
LONGEST_S = 30.0
"""Seconds that a question may take."""
_START_S = 120.0
"""Seconds in which the process must be ready; on an idle machine it is in one."""
Form = Literal["table", "csv", "json"]
_MOST_SHOWN = 40
"""Signs of a cell in a table on a terminal."""


class RefusedQuestion(CgtError):
    """A statement that was not answered. What it says is about the statement and never about a row."""


@dataclass(frozen=True)
class Answer:
    """What a question gives. Values are as JSON has them; times and decimals are texts."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...] = field(repr=False)
    tables: tuple[str, ...]
    """Tables that the statement names."""

    def text(self, form: Form) -> str:
        """For a terminal, as CSV (an absent value is an empty cell), or as a JSON list of objects."""
        if form == "json":
            return json.dumps([dict(zip(self.columns, row, strict=True)) for row in self.rows], ensure_ascii=False, indent=1) + "\n"
        cells = [["" if value is None else _cell(value) for value in row] for row in self.rows]
        if form == "csv":
            written = io.StringIO()
            csv.writer(written, lineterminator="\n").writerows([self.columns, *cells])
            return written.getvalue()
        shown = [[_short(cell) for cell in row] for row in [list(self.columns), *cells]]
        widths = [max(len(row[place]) for row in shown) for place in range(len(self.columns))]
        return "".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in shown)


class Session:
    """Questions to one store, one after the other. Made by `session`."""

    def __init__(self, descriptor: int, key: bytes, longest_s: float) -> None:
        self._descriptor, self._key, self._longest_s = descriptor, key, longest_s
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, statement: str) -> Answer:
        """The answer to one statement.

        Raises:
            RefusedQuestion: it is none, not allowed, wrong, too large or too long.
            CgtError: the store does not open.
        """
        try:
            said = self._said(statement)
        except (EOFError, BrokenPipeError, TimeoutError) as error:
            self.close()
            why = (
                f"it took longer than {self._longest_s:g} s"
                if isinstance(error, TimeoutError)
                else "it took more memory than there is for it"
            )
            raise RefusedQuestion(why, remedy="Ask for less at a time") from None
        if "refused" in said:
            raise RefusedQuestion(str(said["refused"]), remedy="docs/sandboxes.md says what may be asked")
        rows = tuple(tuple(row) for row in said["rows"])
        return Answer(tuple(said["columns"]), tuple(said["types"]), rows, tuple(said["tables"]))

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _said(self, statement: str) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                pass_fds=(self._descriptor,),
            )
            self._send({"path": f"/proc/self/fd/{self._descriptor}", "key": self._key.hex()})
            try:
                self._line(_START_S)
            except (EOFError, TimeoutError):
                self.close()
                raise store.unreadable() from None
        self._send(statement)
        said: dict[str, Any] = json.loads(self._line(self._longest_s))
        return said

    def _send(self, what: object) -> None:
        assert self._process is not None and self._process.stdin is not None  # noqa: S101  for mypy
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        self._process.stdin.flush()

    def _line(self, longest_s: float) -> bytes:
        assert self._process is not None and self._process.stdout is not None  # noqa: S101  for mypy
        until = time.monotonic() + longest_s
        read = bytearray()
        while not read.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise TimeoutError
            some = os.read(self._process.stdout.fileno(), 1 << 16)
            if not some:
                raise EOFError
            read += some
        return bytes(read)


@contextmanager
def session(path: Path, key: bytes, longest_s: float = LONGEST_S) -> Iterator[Session]:
    """A session on the store `path`, which `key` opens.

    Raises:
        CgtError: there is no store.
    """
    with store.opened_file(path) as (descriptor, _):
        opened = Session(descriptor, key, longest_s)
        try:
            yield opened
        finally:
            opened.close()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    one_line = "".join(sign if sign.isprintable() else " " for sign in text)
    return one_line if len(one_line) <= _MOST_SHOWN else f"{one_line[: _MOST_SHOWN - 3]}..."
