"""The sandboxes that there are, as an asset behind the release: built again each night, with a check that blocks nothing.

Builds nothing itself: `sandbox.follow` does, for the command line too. Metadata are counts, seconds and names of partners.
"""

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg

from cgt_etl.orchestration.keys import RELEASE, SANDBOXES, one_sentence
from cgt_etl.orchestration.steps import Night

FOLLOWED = "every_sandbox_is_of_this_release"


def sandboxes_asset() -> dg.AssetsDefinition:
    """Each partner's sandbox, where it has one. Nobody gets one here; one that fails leaves the others and the release."""

    @dg.multi_asset(
        name="follow_sandboxes",
        specs=[
            dg.AssetSpec(
                SANDBOXES,
                deps=[RELEASE],
                group_name="sandboxes",
                kinds={"duckdb"},
                description="Encrypted stores of those partners that have one, in $CGT_HOME/sandboxes, made of the release.",
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(
                FOLLOWED,
                asset=SANDBOXES,
                description="No sandbox is older than the release. Blocks nothing.",
            )
        ],
    )
    def follow_sandboxes(
        context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        begun = time.monotonic()
        with one_sentence():
            done = night.follow_sandboxes()
        for sentence in done.sentences:
            context.log.warning("%s", sentence)
        yield dg.MaterializeResult(
            asset_key=SANDBOXES,
            metadata={
                "night": night.name,
                "built": len(done.built),
                "failed": ", ".join(done.failed) or "none",
                "seconds": round(time.monotonic() - begun, 1),
            },
        )
        yield dg.AssetCheckResult(
            check_name=FOLLOWED,
            asset_key=SANDBOXES,
            passed=not done.failed,
            severity=dg.AssetCheckSeverity.WARN,
            description=" ".join(done.sentences) or "All is well.",
            metadata={"partners": len(done.failed)},
        )

    return follow_sandboxes
