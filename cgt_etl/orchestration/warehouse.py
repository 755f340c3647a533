"""Runs dbt inside this process on one build file, and says what became of each node.

dbt and DuckDB put values into their messages (a failed cast prints the cell), so no message of theirs leaves this module: a
result holds node ids, a status, a count and the kind of error. dbt's log is off, on the screen and in files, and no run artefact is
written; what lies in `$CGT_HOME/dbt` is the parsed project and its SQL.

The dbt project of a home is a folder of links, `$CGT_HOME/dbt/project`: two homes with different dialects never see each other's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from cgt_etl.contracts.dbt_sources import sync
from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError, DeclarationError
from cgt_etl.release import marts
from cgt_etl.release.plan import Plan
from cgt_etl.release.workspace import work_file
from cgt_etl.settings import REPOSITORY, Settings, fault_point

SOURCE = REPOSITORY / "dbt_project"
_OWN = frozenset({"sources", "seeds", "target", "logs", "macros", "_generated", ".user.yml"})
"""Entries of the project that a home makes for itself, or that no home needs."""
_FINE = frozenset({"success", "pass", "warn", "no-op"})
_KIND = re.compile(
    r"\b(Binder|Catalog|Compilation|Constraint|Conversion|Database|Dependency|Fatal|INTERNAL|Internal|Interrupt|Invalid Input|IO|"
    r"Out of Memory|Out of Range|Parser|Permission|Serialization|TransactionContext|Type) Error\b"
)


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test. `failures`: rows that a test found; None for anything else."""

    unique_id: str
    status: str
    """success, pass, warn, no-op, skipped, fail (a test found rows), error."""
    seconds: float
    failures: int | None
    kind: str | None
    """Kind of error in the engine's own terms, without its text."""

    @property
    def name(self) -> str:
        return self.unique_id.split(".")[2]

    @property
    def is_fine(self) -> bool:
        return self.status in _FINE


@dataclass(frozen=True)
class Built:
    """One run of dbt."""

    nodes: tuple[NodeResult, ...]

    @property
    def failed(self) -> list[NodeResult]:
        """Nodes that failed by themselves, not those that were skipped because of them."""
        return [node for node in self.nodes if not node.is_fine and node.status != "skipped"]

    def raise_if_failed(self) -> None:
        """Raises CgtError that names the failed nodes and the kind of each failure, and no value."""
        if self.failed:
            named = [f"{node.name} ({_what(node)})" for node in self.failed[:5]]
            more = f" and {len(self.failed) - 5} more" if len(self.failed) > 5 else ""
            raise CgtError(
                f"dbt could not build the tables: {', '.join(named)}{more}",
                remedy="No release was made; the engine's own words may hold data and are only shown by `dbt build` run by hand",
            )


def project(settings: Settings, registry: Registry) -> Path:
    """Bring the home's dbt project up to date: links to ours and to every healthy dialect. Returns its folder."""
    folder = settings.home / "dbt" / "project"
    wanted = {entry.name: entry for entry in SOURCE.iterdir() if entry.name not in _OWN}
    wanted |= {f"macros/{entry.name}": entry for entry in (SOURCE / "macros").glob("*.sql")}
    (folder / "macros").mkdir(parents=True, exist_ok=True)
    for link in (*folder.iterdir(), *(folder / "macros").iterdir()):
        if link.is_symlink() and str(link.relative_to(folder)) not in wanted:
            link.unlink()
    for name, target in wanted.items():
        link = folder / name
        if not link.is_symlink() or link.readlink() != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    sync(registry, folder)
    return folder


def manifest(settings: Settings, registry: Registry) -> dict[str, Any]:
    """The parsed project as dbt writes it; parsed anew only where a file of it has changed since.

    Raises:
        DeclarationError: the project does not parse; says where.
    """
    folder = project(settings, registry)
    stamp, written = settings.home / "dbt" / "manifest.stamp", settings.home / "dbt" / "target" / "manifest.json"
    now = _digest(folder)
    if not (written.is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == now):
        outcome = _invoke(settings, work_file(settings), ["parse"])
        if not outcome.success:
            text = " ".join(str(outcome.exception).split())  # speaks of SQL and YAML files; nothing has been read from data yet
            raise DeclarationError(f"the dbt project does not parse: {text[:600]}", remedy="Mend the file that it names")
        stamp.write_text(now, encoding="ascii")
    content: dict[str, Any] = json.loads(written.read_bytes())
    return content


def dbt_build(settings: Settings, registry: Registry, plan: Plan, work_db: Path) -> Built:
    """Build every model and run every data test in `work_db`. The caller holds the lease.

    Seeds and views are part of a full build only: a base holds the same ones, or it would be no base. Ephemeral models are compiled with
    what reads them. Unit tests belong to the test suite.

    Raises:
        DeclarationError: the project does not parse, or a released column is not described; says where.
        CgtError: dbt could not start for another reason; the failure of a node raises nothing here (see `Built.raise_if_failed`).
    """
    marts.load()  # what is not described is not built
    project(settings, registry)
    fault_point("dbt.before")
    left_out = ["--exclude-resource-type", "unit_test", "--exclude-resource-type", "exposure"]
    materialized = ["config.materialized:ephemeral"]
    if plan.base is not None:
        left_out += ["--exclude-resource-type", "seed"]
        materialized += ["config.materialized:view"]
    arguments = ["build", "--no-write-json", *left_out, "--exclude", *materialized]
    outcome = _invoke(settings, work_db, arguments)
    if outcome.result is None:
        manifest(settings, registry)  # says where the project does not parse, if that is it
        raise CgtError(
            f"dbt did not start ({type(outcome.exception).__name__})", remedy="`dbt parse` in dbt_project/ names the file that is wrong"
        )
    built = Built(tuple(_node(result) for result in outcome.result.results))
    fault_point("dbt.after")
    return built


def compiled(settings: Settings, registry: Registry, names: Iterable[str]) -> dict[str, str]:
    """SQL of the models named, what they take from ephemeral ones included, as of a full build. Nothing is built.

    Raises:
        DeclarationError: the project does not parse; says where.
    """
    manifest(settings, registry)
    work_file(settings).parent.mkdir(parents=True, exist_ok=True)
    arguments = ["compile", "--no-write-json", "--select", *names, "--exclude", "resource_type:test", "resource_type:unit_test"]
    outcome = _invoke(settings, work_file(settings), arguments)
    if outcome.result is None:
        raise CgtError(f"dbt did not compile ({type(outcome.exception).__name__})", remedy="`dbt compile` by hand says more")
    return {result.node.name: result.node.compiled_code for result in outcome.result.results}


def _invoke(settings: Settings, work_db: Path, arguments: list[str]) -> Any:
    """dbtRunnerResult of one command."""
    from dbt.cli.main import dbtRunner

    folder = str(settings.home / "dbt" / "project")
    places = ["--project-dir", folder, "--profiles-dir", folder, "--target-path", str(settings.home / "dbt" / "target")]
    silence = ["--quiet", "--log-level", "none", "--log-level-file", "none", "--log-path", str(settings.home / "dbt" / "logs")]
    with _environment({"CGT_BUILD_DB": str(work_db), "DO_NOT_TRACK": "1"}):
        try:
            return dbtRunner().invoke([arguments[0], *places, *silence, "--no-version-check", *arguments[1:]])
        finally:
            _let_go()


def _let_go() -> None:
    """Close the build file: the adapter keeps it open for the life of the process, and the gate and the exporter read it next."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager as Manager

    if Manager._ENV is not None:
        Manager._ENV.close()
        Manager.close_all_connections()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _node(result: Any) -> NodeResult:
    status = str(result.status)
    found = _KIND.search(result.message or "")
    return NodeResult(
        unique_id=result.node.unique_id,
        status=status,
        seconds=round(float(result.execution_time), 3),
        failures=result.failures if status in ("pass", "warn", "fail") else None,
        kind=(found.group(0) if found else "unnamed error") if status == "error" else None,
    )


def _what(node: NodeResult) -> str:
    return f"{node.failures} rows break this test" if node.status == "fail" else node.kind or node.status


def rows(work_db: Path) -> dict[str, int]:
    """`schema.relation` -> rows, of every table of the build file and of the views over what was landed."""
    with duckdb.connect(work_db, read_only=True) as connection:
        found = connection.execute(
            "select schema_name, table_name from duckdb_tables() union all "
            "select schema_name, view_name from duckdb_views() where schema_name in ('landed', 'control', 'identity')"
        ).fetchall()
        counts = " union all ".join(f'select \'{schema}.{name}\', count(*) from "{schema}"."{name}"' for schema, name in sorted(found))  # noqa: S608
        return dict(connection.execute(counts).fetchall()) if counts else {}


def _digest(folder: Path) -> str:
    """Of every name and byte that dbt parses, through the links."""
    found = hashlib.sha256()
    for root, folders, names in os.walk(folder, followlinks=True):
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            found.update(f"{path.relative_to(folder)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()
