"""Asks Great Expectations whether a build may be released, and fails closed.

The only module that imports great_expectations, and only when it is asked (the import costs seconds). An expectation that cannot be
evaluated is told apart from one that does not hold, and closes the gate too. Results, with Data Docs for a browser, lie in
`$CGT_HOME/quality/<inputs hash>/`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from cgt_etl.quality import batches, pages, suites
from cgt_etl.quality.suites import Expectation, Suite
from cgt_etl.quality.verdict import Result, Verdict
from cgt_etl.release import digest, marts
from cgt_etl.release.plan import Plan
from cgt_etl.release.tables import SETTINGS
from cgt_etl.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Result", "Verdict", "judge"]

KEPT = 14
"""Folders of results, and half a dozen megabytes each."""
KEPT_HELD = 2
"""Builds that were held back."""


def judge(work_db: Path, settings: Settings, plan: Plan) -> Verdict:
    """Judge a build. Where the gate stays closed, the build is moved to `builds/held-<inputs hash>.duckdb`, for a person to look at.

    Raises:
        DeclarationError: a suite is wrong.
    """
    declared, tables = suites.load(), marts.load()
    frames: dict[str, pd.DataFrame | None] = {}
    with duckdb.connect(work_db, read_only=True, config=SETTINGS) as connection:
        counted = _attempt(lambda: batches.open_counted(connection, tables, plan))
        for name in sorted({suite.meta.batch for suite in declared}):
            frames[name] = _frame(connection, name) if counted else None
    folder = settings.home / "quality" / plan.inputs_hash
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    verdict = Verdict(tuple(_judged(declared, frames, folder)))
    pages.finish(folder / "data_docs", verdict)
    (folder / "verdict.json").write_text(digest.json_text(verdict.said()), encoding="utf-8")
    _prune(folder.parent, "*", KEPT)
    if not verdict.is_open:
        work_db.replace(settings.builds / f"held-{plan.inputs_hash[:16]}.duckdb")
        _prune(settings.builds, "held-*.duckdb", KEPT_HELD)
    return verdict


def _judged(declared: tuple[Suite, ...], frames: dict[str, pd.DataFrame | None], folder: Path) -> Iterator[Result]:
    context = _context(folder / "data_docs")
    for suite in declared:
        frame = frames[suite.meta.batch]
        if frame is None:
            yield from (_not_evaluated(suite, expectation) for expectation in suite.expectations)
        else:
            yield from _validated(context, suite, frame)
    context.build_data_docs()


def _context(docs: Path) -> Any:
    """A Great Expectations context in memory, whose only trace on disk is its Data Docs."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when it is imported
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults, ProgressBarsConfig

    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        data_docs_sites={"gate": site},
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(project_config=config, mode="ephemeral")


def _validated(context: Any, suite: Suite, frame: pd.DataFrame) -> Iterator[Result]:
    import great_expectations as gx

    asset = context.data_sources.add_pandas(suite.name).add_dataframe_asset(suite.meta.batch)
    made = context.suites.add(gx.ExpectationSuite(**suite.content))
    definition = gx.ValidationDefinition(name=suite.name, data=asset.add_batch_definition_whole_dataframe("all"), suite=made)
    # A batch holds names and numbers of the whole table alone (see `batches`), so its failing rows can be named.
    form = {"result_format": "SUMMARY", "unexpected_index_column_names": suite.meta.index, "partial_unexpected_count": 100}
    answered: Any = definition.run(batch_parameters={"dataframe": frame}, result_format=form)
    answers = {_identity(of.expectation_config.type, of.expectation_config.meta): of for of in answered.results}
    for expectation in suite.expectations:
        answer = answers.get(_identity(expectation.type, expectation.meta.model_dump()))
        yield _result(suite, expectation, answer) if answer is not None else _not_evaluated(suite, expectation)


def _identity(kind: str, meta: dict[str, Any]) -> tuple[str, str]:
    """Great Expectations answers in an order of its own; rule and title name an expectation within its suite."""
    return kind, f"{meta['rule']} {meta['title']}"


def _result(suite: Suite, expectation: Expectation, answer: Any) -> Result:
    said = answer.result
    # Of an aggregate that is null Great Expectations says nothing, which must not pass for consent.
    if _raised(answer.exception_info) or "element_count" not in said or said.get("missing_count"):
        return _not_evaluated(suite, expectation)
    column = str(expectation.kwargs.get("column", ""))
    failing = said.get("partial_unexpected_index_list") or []
    names = sorted({" ".join(str(row[name]) for name in suite.meta.index) for row in failing})
    values = [float(row[column]) for row in failing if column in row]
    return Result(
        suite=suite.name,
        expectation=expectation.type,
        rule_id=expectation.meta.rule,
        title=expectation.meta.title,
        effect=_effect(expectation),
        table=", ".join(names) or suite.meta.batch,
        column=column,
        success=bool(answer.success),
        examined=int(said["element_count"]),
        failing=int(said["unexpected_count"]),
        observed=max(values, key=abs) if values else None,
        is_engine_error=False,
    )


def _not_evaluated(suite: Suite, expectation: Expectation) -> Result:
    return Result(
        suite=suite.name,
        expectation=expectation.type,
        rule_id=expectation.meta.rule,
        title=expectation.meta.title,
        effect=_effect(expectation),
        table=suite.meta.batch,
        column=str(expectation.kwargs.get("column", "")),
        success=False,
        examined=0,
        failing=0,
        observed=None,
        is_engine_error=True,
    )


def _effect(expectation: Expectation) -> Any:
    return "block" if expectation.severity == "critical" else "warn"


def _raised(info: dict[str, Any]) -> bool:
    """Whether an answer holds an exception: either one, or one per metric."""
    return bool(info.get("raised_exception")) or any(isinstance(of, dict) and of.get("raised_exception") for of in info.values())


def _frame(connection: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame | None:
    try:
        return batches.frame(connection, name)
    except (duckdb.Error, OSError):  # its text may hold values; that it could not be evaluated is all that is said
        return None


def _attempt(step: Any) -> bool:
    try:
        step()
    except duckdb.Error:
        return False
    return True


def _prune(folder: Path, pattern: str, kept: int) -> None:
    """Remove all but the newest entries of a folder."""
    for old in sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)[kept:]:
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
