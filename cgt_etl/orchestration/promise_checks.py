"""Promised against delivered, as one check per promised feed that blocks nothing. Judges nothing itself: `landing.promises` does."""

from collections.abc import Iterator

import dagster as dg

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing.delivery import deliveries
from cgt_etl.landing.promises import Standing, standings
from cgt_etl.orchestration.keys import landing_key, one_sentence
from cgt_etl.orchestration.steps import Night

CAME = "came_as_promised"


def promise_checks(registry: Registry) -> list[dg.AssetChecksDefinition]:
    """One step after the landing, over every feed; as of the time at which the night's files were received."""
    keys = {(binding.partner.partner, binding.feed.name): landing_key(binding) for binding in registry.bindings}
    if not keys:
        return []
    text = "The feed came as often as its partner promised. Blocks nothing."

    @dg.multi_asset_check(
        name="promises", specs=[dg.AssetCheckSpec(CAME, asset=key, description=text) for key in keys.values()], can_subset=True
    )
    def promises(context: dg.AssetCheckExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[dg.AssetCheckResult]:
        with one_sentence():
            found = standings(night.registry, deliveries(night.settings), night.received_at)
        for one in found:
            key = keys.get((one.partner, one.feed))
            if key and dg.AssetCheckKey(key, CAME) in context.selected_asset_check_keys:
                yield _result(key, one)

    return [promises]


def _result(key: dg.AssetKey, one: Standing) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=CAME,
        asset_key=key,
        passed=not one.is_broken,
        severity=dg.AssetCheckSeverity.WARN,
        description=one.line(),
        metadata={
            "verdict": one.verdict,
            "last sequence": one.last_sequence or "none",
            "last received": one.last_received_at or "never",
            **({} if one.age_days is None else {"age_days": one.age_days}),
            **({} if one.promise.every_days is None else {"every_days": one.promise.every_days}),
        },
    )
