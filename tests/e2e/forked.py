"""`cgt-etl` as a process of its own, forked from one that has imported the heavy libraries and has done nothing else.

Half of what a small night costs is imports (dbt, Great Expectations, Dagster), and the end-to-end tests start some fifty processes. A fork
shares the hash seed of its siblings; where two builds must be the same whatever the seed, one of them starts anew (`Home.cli(anew=True)`).

`python -m tests.e2e.forked` is the process that forks: it gets arguments, environment and three open files over the socket that is its
standard input, and answers with the id of the new process, then with its exit status.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import IO, Any, NoReturn

REPOSITORY = Path(__file__).resolve().parents[2]
_LONGEST = 1 << 20
"""Bytes of a request."""


class Forked:
    """A process under way; the part of `subprocess.Popen` that the tests use."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str], stdin: str | None = None) -> None:
        self._files: list[IO[str]] = [tempfile.TemporaryFile("w+", encoding="utf-8") for _ in range(3)]  # noqa: SIM115
        self._files[0].write(stdin or "")
        self._files[0].seek(0)
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps({"arguments": arguments, "environment": environment}).encode()
        assert len(request) < _LONGEST
        socket.send_fds(_server(), [request], [theirs.fileno(), *(file.fileno() for file in self._files)])
        theirs.close()
        self.pid = int(self._connection.recv(64))
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Standard output and standard error, when it has ended."""
        self._connection.settimeout(timeout)
        try:
            self.returncode = int(self._connection.recv(64))
        except TimeoutError:
            self.send_signal(signal.SIGKILL)
            raise
        out, error = self._files[1:]
        for file in (out, error):
            file.seek(0)
        said = out.read(), error.read()
        for file in self._files:
            file.close()
        self._connection.close()
        return said


_started: list[socket.socket] = []


def _server() -> socket.socket:
    """The socket of the process that forks; it ends when this one does and the socket closes."""
    if not _started:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _LONGEST)
        subprocess.Popen([sys.executable, "-m", "tests.e2e.forked"], stdin=theirs, cwd=REPOSITORY)
        theirs.close()
        _started.append(ours)
    return _started[0]


def _serve() -> None:
    os.environ |= {"GX_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "OPENBLAS_NUM_THREADS": "1"}
    import dagster_dbt  # noqa: F401
    import dbt.adapters.duckdb
    import dbt.cli.main  # noqa: F401
    import great_expectations  # noqa: F401

    # A thread that holds a lock is not in the fork, and its lock is: polars starts some when it is imported.
    assert threading.active_count() == 1
    assert "polars" not in sys.modules
    gc.collect()
    gc.freeze()  # a fork that looked through all of this for cycles would copy its pages
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that have answered
    asked = socket.socket(fileno=os.dup(0))
    while True:
        request, descriptors, _, _ = socket.recv_fds(asked, _LONGEST, 4)
        if not request:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.close()
            _answer(json.loads(request), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _answer(request: dict[str, Any], descriptors: list[int]) -> NoReturn:
    answers = socket.socket(fileno=descriptors[0])
    process = os.fork()
    if process == 0:
        answers.close()
        for standard, descriptor in enumerate(descriptors[1:]):
            os.dup2(descriptor, standard)
            os.close(descriptor)
        _become(request["arguments"], request["environment"])
    answers.send(str(process).encode())
    _, status = os.waitpid(process, 0)
    answers.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(arguments: list[str], environment: dict[str, str]) -> NoReturn:
    """What `python -m cgt_etl` does, to its end."""
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["cgt-etl", *arguments]
    from cgt_etl.cli import main

    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # DuckDB would wait at the interpreter's end for a thread that stayed behind


if __name__ == "__main__":
    _serve()
