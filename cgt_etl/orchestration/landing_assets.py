"""What partners send, as assets: one root per partner, one asset per partner and feed, and the plan that rests on all of them.

A feed asset never raises for what a file, a network or a contract holds: a raising one would stop every model below it. It says so by
two checks that block nothing. Metadata are counts, ids and our own sentences.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from cgt_etl.contracts.model import Partner
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.landing.delivery import deliveries
from cgt_etl.orchestration import partner_state
from cgt_etl.orchestration.keys import PLAN, landing_key, one_sentence, partner_key, team
from cgt_etl.orchestration.report import COUNTED, FileLine
from cgt_etl.orchestration.steps import Night

ADMITTED = "every_file_admitted"
FEW = "few_units_set_aside"
SET_ASIDE_SHARE = 0.05
"""More than this share of a night's units set aside is worth a look; a feed with a promise of its own may say otherwise one day."""


def partner_specs(registry: Registry) -> list[dg.AssetSpec]:
    """The organisations that send, as roots that nothing here materialises; each night observes the state of every one."""
    return [_partner(registry.partners[name]) for name in sorted(registry.partners)]


def landing_assets(registry: Registry) -> list[dg.AssetsDefinition]:
    """One step per partner, one asset per feed that it promised."""
    by_partner: dict[str, list[Binding]] = {}
    for binding in registry.bindings:
        by_partner.setdefault(binding.partner.partner, []).append(binding)
    return [_landing(name, bindings) for name, bindings in by_partner.items()]


def plan_asset(registry: Registry) -> dg.AssetsDefinition:
    """What of everything that is landed is not released yet."""

    @dg.multi_asset(
        name="plan",
        specs=[
            dg.AssetSpec(
                PLAN,
                deps=[landing_key(binding) for binding in registry.bindings],
                group_name="landing",
                kinds={"python"},
                description="The deliveries that this night rests on, and their difference to the current release.",
            )
        ],
    )
    def plan(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[dg.MaterializeResult[Any]]:
        with one_sentence():
            left = night.land()
            made = night.make_plan()
        for one in left:
            context.log.warning("%s", one.problem or one.reason)
        listed = deliveries(night.settings)
        for name in sorted(registry.partners):
            promised = [binding for binding in registry.bindings if binding.partner.partner == name]
            lines = [line for line in night.report.files if line.partner == name]
            state = partner_state.metadata(
                night.settings, promised, [one for one in listed if one.partner == name], lines, night.received_at
            )
            whole = {"night": night.name, **state, "Data Docs": dg.MetadataValue.path(str(night.data_docs))}
            context.log_event(dg.AssetObservation(partner_key(name), metadata=whole))
        yield dg.MaterializeResult(
            asset_key=PLAN,
            metadata={
                "night": night.name,
                "number": night.report.number or 0,
                "is_nothing_new": made.is_nothing_new,
                "build": f"grown from {made.base.id}" if made.base else "full",
                "deliveries": len(made.deliveries),
                "changed": len(made.changed),
                "removed": len(made.removed),
                "inputs_hash": made.inputs_hash,
                "problems": dg.MetadataValue.md("\n".join(f"- {s}" for s in night.report.sentences) or "none"),
            },
        )

    return plan


def _partner(partner: Partner) -> dg.AssetSpec:
    return dg.AssetSpec(
        partner_key(partner.partner),
        group_name="partners",
        owners=team(partner.owner),
        description=f"{partner.name} ({', '.join(role.replace('_', ' ') for role in partner.roles)}). Delivers files into the inbox.",
        metadata={
            "legal entity": partner.legal_entity,
            "sites": dg.MetadataValue.md("\n".join(f"- {site.name} ({site.country}, {site.zone})" for site in partner.sites)),
            "dialects": ", ".join(sorted({spoken.dialect for spoken in partner.speaks})) or "none",
        },
    )


def _landing(partner: str, bindings: list[Binding]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"land_{partner}",
        description=f"Lands the night's files of {partner}: the door casts, checks and tokenises; raw bytes go to the vault.",
        specs=[_feed_spec(binding) for binding in bindings],
        check_specs=[spec for binding in bindings for spec in _check_specs(binding)],
    )
    def land(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[dg.MaterializeResult[Any]]:
        with one_sentence():
            night.land(partner)
        mine = [line for line in night.report.files if line.partner == partner]
        for line in mine:
            if line.is_left_out:
                context.log.warning("%s: %s", line.outcome, line.reason)
        for binding in bindings:
            yield _feed_result(binding, [line for line in mine if line.feed == binding.feed.name], night.name)

    return land


def _feed_spec(binding: Binding) -> dg.AssetSpec:
    feed = binding.feed
    return dg.AssetSpec(
        landing_key(binding),
        deps=[partner_key(binding.partner.partner)],
        group_name="landing",
        owners=team(binding.partner.owner),
        kinds={feed.extension.file.format, "parquet"},
        description=feed.description or f"{feed.name} of {binding.partner.name}.",
        code_version=feed.version,
        metadata={
            "contract": f"{feed.dialect}.{feed.name} v{feed.version}",
            "delivery mode": feed.extension.mode,
            "unit": feed.extension.unit,
            "site": binding.site_id,
            "contract owner": feed.owner or "nobody named",
        },
    )


def _check_specs(binding: Binding) -> list[dg.AssetCheckSpec]:
    key = landing_key(binding)
    unit = binding.feed.extension.unit
    few = f"At most {SET_ASIDE_SHARE:.0%} of the night's {unit}s were set aside. Blocks nothing."
    return [
        dg.AssetCheckSpec(ADMITTED, asset=key, description="No file of the night was refused whole. Blocks nothing."),
        dg.AssetCheckSpec(FEW, asset=key, description=few),
    ]


def _feed_result(binding: Binding, lines: list[FileLine], night: str) -> dg.MaterializeResult[Any]:
    units = {name: sum(line.units.get(name, 0) for line in lines) for name in COUNTED}
    left_out = [line for line in lines if line.is_left_out]
    share = units["set_aside"] / units["in"] if units["in"] else 0.0
    key = landing_key(binding)
    return dg.MaterializeResult(
        asset_key=key,
        metadata={
            "night": night,
            "files": len(lines),
            **units,
            "dagster/row_count": units["accepted"],
            "deliveries": dg.MetadataValue.md("\n".join(_said(line) for line in lines) or "nothing came this night"),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=ADMITTED,
                asset_key=key,
                passed=not left_out,
                severity=dg.AssetCheckSeverity.WARN,
                description=" ".join(str(line.reason) for line in left_out) or "Every file of the night was admitted.",
                metadata={"files": len(lines), "refused": len(left_out)},
            ),
            dg.AssetCheckResult(
                check_name=FEW,
                asset_key=key,
                passed=share <= SET_ASIDE_SHARE,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"set_aside": units["set_aside"], "in": units["in"], "share": round(share, 4)},
            ),
        ],
    )


def _said(line: FileLine) -> str:
    counts = ", ".join(f"{name.replace('_', ' ')} {line.units[name]}" for name in COUNTED if name in line.units)
    return f"- {line.source_name}: {line.outcome}{f' ({counts})' if counts else ''}"
