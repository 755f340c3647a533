"""Names in the asset graph (keys, groups, owners) and how a step fails there. One place, so that every stage finds the one before it.

partner/<partner>  ->  landing/<partner>/<feed>  ->  landed/<dialect>/<feed>__<object>, identity/*, control/*  ->  dbt models
->  gate  ->  release  ->  feedback_cards, sandboxes
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from cgt_etl.contracts.registry import Binding
from cgt_etl.errors import CgtError

PLAN = dg.AssetKey("plan")
GATE = dg.AssetKey("gate")
RELEASE = dg.AssetKey("release")
CARDS = dg.AssetKey("feedback_cards")
SANDBOXES = dg.AssetKey("sandboxes")
HANDOFFS = "handoffs"
"""Group of what is told of handoffs: their marts, which say so themselves, and the cards."""


def partner_key(partner: str) -> dg.AssetKey:
    return dg.AssetKey(["partner", partner])


def landing_key(binding: Binding) -> dg.AssetKey:
    return dg.AssetKey(["landing", binding.partner.partner, binding.feed.name])


def dbt_key(props: Mapping[str, Any]) -> dg.AssetKey:
    """Of one dbt node: sources by schema, everything else by its bare name."""
    if props["resource_type"] != "source":
        return dg.AssetKey(props["name"])
    if props["identifier"] == f"{props['source_name']}__{props['name']}":  # a dialect's accepted table
        return dg.AssetKey([props["schema"], props["source_name"], props["name"]])
    return dg.AssetKey([props["schema"], props["name"]])


def dbt_group(props: Mapping[str, Any]) -> str:
    """Stage of one dbt node, by the folder it lies in; or the group that its `meta: dagster: group` names."""
    if props["resource_type"] == "source":
        return "landing" if props["schema"] == "landed" else "identity"
    if props["resource_type"] == "seed":
        return "vocabularies"
    named = (props["config"].get("meta") or {}).get("dagster", {}).get("group")
    if named:
        return str(named)
    folders = props["original_file_path"].split("/")
    return next((stage for stage in ("intermediate", "marts") if stage in folders), "staging")


def team(owner: str) -> list[str]:
    """An owner as Dagster writes teams; empty where a declaration names nobody."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", owner).strip("-")
    return [f"team:{name}"] if name else []


@contextmanager
def one_sentence() -> Iterator[None]:
    """Shows one of our errors in the run as its sentence, without a stack of calls that says nothing more."""
    try:
        yield
    except CgtError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
