"""What lies between landing and release, as assets: identity, the relations that dbt reads, and one asset per dbt model.

Specs and checks come from dbt's manifest through dagster-dbt; the run itself is dbt in this process (see `warehouse`), because a
dbt of its own costs a start of six seconds and sends the engine's messages, with values in them, to the log.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings
from dagster_dbt.asset_utils import build_dbt_specs

from cgt_etl.contracts.registry import Registry
from cgt_etl.orchestration.keys import PLAN, dbt_group, dbt_key, landing_key, one_sentence, team
from cgt_etl.orchestration.steps import Night
from cgt_etl.orchestration.warehouse import NodeResult

Manifest = Mapping[str, Any]
Events = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


class Translator(DagsterDbtTranslator):
    """Names, groups, owners and descriptions of dbt nodes in the asset graph."""

    def get_asset_key(self, dbt_resource_props: Manifest) -> dg.AssetKey:
        return dbt_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Manifest) -> str | None:
        return dbt_group(dbt_resource_props)

    def get_description(self, dbt_resource_props: Manifest) -> str:
        said = " ".join(dbt_resource_props.get("description", "").split())
        kind, path = dbt_resource_props["resource_type"], dbt_resource_props["original_file_path"]
        return said or (f"Vocabulary, loaded from {path.rsplit('/', 1)[-1]}." if kind == "seed" else f"dbt {kind} of {path}.")

    def get_owners(self, dbt_resource_props: Manifest) -> list[str] | None:
        owner = (dbt_resource_props.get("config", {}).get("meta") or {}).get("owner")
        return team(str(owner)) if owner else None


def translator() -> Translator:
    return Translator(DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_source_metadata=False))


def identity_asset(manifest: Manifest) -> dg.AssetsDefinition:
    """Who and what the records speak of."""
    specs = [
        _source_spec(props, deps=[PLAN], kinds={"python", "parquet"}, description="Made from the links of all partners' deliveries.")
        for props in _sources(manifest, "identity")
    ]

    @dg.multi_asset(name="identify", specs=specs, description="Resolves persons and things over all partners, from tokens alone.")
    def identify(night: dg.ResourceParam[Night]) -> Events:
        if _plan_is_done(night):
            return
        with one_sentence():
            result = night.identify()
        for spec in specs:
            yield dg.MaterializeResult(
                asset_key=spec.key, metadata={"night": night.name, "dagster/row_count": result.rows.get(spec.key.path[-1], 0)}
            )

    return identify


def relation_asset(manifest: Manifest, registry: Registry) -> dg.AssetsDefinition:
    """The relations of the build file that dbt reads: accepted rows of what changed, and the lists that say what changed."""
    senders: dict[tuple[str, str], list[dg.AssetKey]] = {}
    for binding in registry.bindings:
        senders.setdefault((binding.feed.dialect, binding.feed.name), []).append(landing_key(binding))
    feeds = {(feed.dialect, feed.name): feed for feed in registry.feeds}
    identity = [dbt_key(props) for props in _sources(manifest, "identity")]
    specs = []
    for props in (*_sources(manifest, "landed"), *_sources(manifest, "control")):
        address = (props["source_name"], props["name"].split("__")[0])
        deps = senders.get(address, []) if address in feeds else []
        if props["schema"] == "control":
            deps = identity
        owner = feeds[address].owner if address in feeds else ""
        specs.append(_source_spec(props, deps=[PLAN, *deps], kinds={"duckdb"}, owners=team(owner)))

    @dg.multi_asset(
        name="prepare",
        specs=specs,
        deps=[key for key in identity if not any(key == dep.asset_key for spec in specs for dep in spec.deps)],
        description="Copies the last build, or starts an empty one, and lays over it what this night changes.",
    )
    def prepare(night: dg.ResourceParam[Night]) -> Events:
        with one_sentence():
            night.prepare()
            counted = night.count_rows()
        for spec, props in zip(specs, (*_sources(manifest, "landed"), *_sources(manifest, "control")), strict=True):
            relation = f"{props['schema']}.{props['identifier']}"
            yield dg.MaterializeResult(asset_key=spec.key, metadata={"night": night.name, "dagster/row_count": counted.get(relation, 0)})

    return prepare


def dbt_assets(manifest: Manifest) -> dg.AssetsDefinition:
    """One asset per model and seed, one check per data test."""
    specs, _ = build_dbt_specs(
        translator=translator(), manifest=manifest, select="fqn:*", exclude="", selector="", io_manager_key=None, project=None
    )
    keys = {spec.metadata["dagster_dbt/unique_id"]: spec.key for spec in specs}
    checks = _checks(manifest, keys)

    @dg.multi_asset(
        name="dbt_build",
        specs=specs,
        check_specs=list(checks.values()),
        description="dbt: staging, canonical facts, released tables and their tests, in one process.",
    )
    def dbt_build(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Events:
        with one_sentence():
            built = night.transform()
            counted = night.count_rows()
        for node in built.nodes:
            if node.unique_id in keys and node.is_fine:
                yield _made(node, keys[node.unique_id], manifest, counted, night.name)
            elif node.unique_id in checks and node.status != "skipped":
                yield _tested(node, checks[node.unique_id].key)
        for node in built.failed:
            context.log.error("%s: %s", node.unique_id, node.kind or node.status)
        with one_sentence():
            night.require_built()

    return dbt_build


def mart_keys(manifest: Manifest) -> list[dg.AssetKey]:
    """The released tables."""
    models = (props for props in manifest["nodes"].values() if props["resource_type"] == "model")
    return sorted(dbt_key(props) for props in models if "marts" in props["fqn"] and props["config"]["materialized"] != "ephemeral")


def _plan_is_done(night: Night) -> bool:
    return night.plan is not None and night.plan.is_nothing_new


def _sources(manifest: Manifest, schema: str) -> list[Manifest]:
    return sorted((props for props in manifest["sources"].values() if props["schema"] == schema), key=lambda props: props["unique_id"])


def _source_spec(
    props: Manifest, *, deps: list[dg.AssetKey], kinds: set[str], owners: list[str] | None = None, description: str = ""
) -> dg.AssetSpec:
    columns = [
        dg.TableColumn(name, column.get("data_type") or "?", description=column.get("description") or None)
        for name, column in props["columns"].items()
    ]
    return dg.AssetSpec(
        dbt_key(props),
        deps=deps,
        skippable=True,
        group_name=dbt_group(props),
        kinds=kinds,
        owners=owners,
        description=" ".join((props["description"] or description).split()),
        metadata={"dagster/column_schema": dg.TableSchema(columns)} if columns else None,
    )


def _checks(manifest: Manifest, keys: Mapping[str, dg.AssetKey]) -> dict[str, dg.AssetCheckSpec]:
    """Test's unique id -> check on the model that it tests. dbt's own names spell out every argument, so the kind of test names it here."""
    tests = [props for props in manifest["nodes"].values() if props["resource_type"] == "test" and props.get("attached_node") in keys]
    short = {props["unique_id"]: "_".join(filter(None, (props["test_metadata"]["name"], props.get("column_name")))) for props in tests}
    used = Counter((props["attached_node"], short[props["unique_id"]]) for props in tests)
    specs = {}
    for props in tests:
        name = short[props["unique_id"]]
        said = {key: value for key, value in props["test_metadata"]["kwargs"].items() if key not in ("model", "column_name")}
        specs[props["unique_id"]] = dg.AssetCheckSpec(
            name if used[props["attached_node"], name] == 1 else props["name"],
            asset=keys[props["attached_node"]],
            blocking=props["config"]["severity"].lower() == "error",
            description=props.get("description")
            or f"dbt test `{props['test_metadata']['name']}` {json.dumps(said) if said else ''}".rstrip(),
        )
    return specs


def _made(node: NodeResult, key: dg.AssetKey, manifest: Manifest, counted: Mapping[str, int], night: str) -> dg.MaterializeResult[Any]:
    props = manifest["nodes"][node.unique_id]
    relation = f"{props['schema']}.{props['alias']}"
    count = {"dagster/row_count": counted[relation]} if relation in counted else {}
    return dg.MaterializeResult(asset_key=key, metadata={"night": night, "seconds": node.seconds, **count})


def _tested(node: NodeResult, check: dg.AssetCheckKey) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check.name,
        asset_key=check.asset_key,
        passed=node.status == "pass",
        severity=dg.AssetCheckSeverity.WARN if node.status == "warn" else dg.AssetCheckSeverity.ERROR,
        metadata={"rows that break it": node.failures} if node.failures is not None else {"kind": node.kind or node.status},
    )
