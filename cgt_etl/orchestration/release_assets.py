"""The end of the graph: the gate, with one check per suite, and the release behind it.

A suite that holds a failed `block` rule fails its check with ERROR, which stops the release; any other failed rule is a warning.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from cgt_etl.orchestration.keys import GATE, RELEASE, one_sentence
from cgt_etl.orchestration.report import GateLine
from cgt_etl.orchestration.steps import Night
from cgt_etl.quality import suites

Events = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


def gate_asset(marts: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """Great Expectations' verdict on the build."""
    declared = suites.load()

    @dg.multi_asset(
        name="gate",
        specs=[
            dg.AssetSpec(
                GATE,
                deps=marts,
                group_name="gate",
                kinds={"greatexpectations"},
                description="Integrity of the tables and rates over findings. Fails closed: a broken `block` rule stops the release.",
            )
        ],
        check_specs=[dg.AssetCheckSpec(one.name, asset=GATE, blocking=True, description=one.meta.purpose) for one in declared],
    )
    def gate(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Events:
        with one_sentence():
            verdict = night.judge()
        failed = night.report.gate
        for line in failed:
            context.log.warning("%s", line.sentence)
        yield dg.MaterializeResult(
            asset_key=GATE,
            metadata={
                "night": night.name,
                "is_open": verdict.is_open,
                "expectations": len(verdict.results),
                "failed": dg.MetadataValue.md(_listed(failed)),
                "Data Docs": dg.MetadataValue.path(str(night.data_docs)),
            },
        )
        for suite in declared:
            yield _check(suite.name, len(suite.expectations), [line for line in failed if line.suite == suite.name])

    return gate


def release_asset() -> dg.AssetsDefinition:
    """The release that analysts read."""

    @dg.multi_asset(
        name="release",
        specs=[
            dg.AssetSpec(
                RELEASE,
                deps=[GATE],
                group_name="release",
                kinds={"parquet", "duckdb"},
                description="An immutable, checksummed release; `releases/current` points to it.",
            )
        ],
    )
    def publish(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[dg.MaterializeResult[Any]]:
        with one_sentence():
            release = night.publish()
        for sentence in night.report.alerts:
            context.log.warning("%s", sentence)
        table = "\n".join(f"| {name} | {count} |" for name, count in sorted(release.rows.items()))
        yield dg.MaterializeResult(
            asset_key=RELEASE,
            metadata={
                "night": night.name,
                "release": release.id,
                "folder": dg.MetadataValue.path(str(release.folder)),
                "alerts": len(night.report.alerts),
                "dagster/row_count": sum(release.rows.values()),
                "tables": dg.MetadataValue.md(f"| table | rows |\n|---|---|\n{table}"),
            },
        )

    return publish


def _check(suite: str, asked: int, failed: list[GateLine]) -> dg.AssetCheckResult:
    closing = any(line.is_closing for line in failed)
    return dg.AssetCheckResult(
        check_name=suite,
        asset_key=GATE,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if closing else dg.AssetCheckSeverity.WARN,
        description=" ".join(line.sentence for line in failed) or "Every expectation holds.",
        metadata={"expectations": asked, "failed": len(failed)},
    )


def _listed(failed: list[GateLine]) -> str:
    return "\n".join(f"- {line.sentence}" for line in failed) or "none"
