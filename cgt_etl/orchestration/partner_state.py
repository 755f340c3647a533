"""A partner's whole state on one screen: what it promised, what has come of it and what became of that, at the end of a night's landing.

Numbers are metadata of their own, so that Dagster plots them over the nights. Counts, names of files, and paths; no data values.
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from cgt_etl.contracts.registry import Binding
from cgt_etl.landing.delivery import Delivery, Manifest
from cgt_etl.landing.receipt import path_of
from cgt_etl.orchestration.report import COUNTED, FileLine
from cgt_etl.settings import Settings

_HEADER = "| feed | files | last delivery (UTC) | in | accepted | set aside | erased | refused |\n|---|---|---|---|---|---|---|---|"


def metadata(
    settings: Settings, promised: list[Binding], listed: list[Delivery], lines: list[FileLine], now: datetime
) -> dict[str, dg.MetadataValue[Any] | int | float | str]:
    """Of one partner.

    Args:
        promised: its feeds.
        listed: everything that it has delivered, refused files included.
        lines: its files of this night.
        now: with a zone; ages count up to it.
    """
    said = [one.manifest for one in listed]
    units = _units(said)
    names = sorted({binding.feed.name for binding in promised} | {one.feed for one in said})
    state: dict[str, dg.MetadataValue[Any] | int | float | str] = {
        "feeds promised": len(promised),
        "feeds delivered": len({one.feed for one in said}),
        "files": len(said),
        "files refused": sum(one.status == "refused" for one in said),
        "files tonight": len(lines),
        "files tonight left out": sum(line.is_left_out for line in lines),
        "files waiting": sum(line.outcome == "waiting" for line in lines),
        **{name.replace("_", " "): units[name] for name in COUNTED},
        "share set aside": round(units["set_aside"] / units["in"], 4) if units["in"] else 0.0,
        "feeds": dg.MetadataValue.md("\n".join([_HEADER, *(_row(name, [one for one in said if one.feed == name]) for name in names)])),
        "left out or waiting": dg.MetadataValue.md(
            "\n".join(f"- {line.outcome}: {line.reason}" for line in lines if line.reason) or "none"
        ),
    }
    if listed:
        newest = max(listed, key=lambda one: (_came(one.manifest), one.id))
        came = _came(newest.manifest)
        state["last delivery"] = dg.MetadataValue.timestamp(came)
        state["age of the last delivery (days)"] = round((now - came).total_seconds() / 86_400, 2)
        state["last receipt"] = dg.MetadataValue.path(str(path_of(settings, newest, "html")))
        state["receipts"] = dg.MetadataValue.path(str(settings.receipts / newest.partner))
    return state


def _row(feed: str, said: list[Manifest]) -> str:
    units = _units(said)
    last = f"{max(map(_came, said)):%Y-%m-%d %H:%M}" if said else "never"
    refused = sum(one.status == "refused" for one in said)
    return f"| {feed} | {len(said)} | {last} | {' | '.join(str(units[name]) for name in COUNTED)} | {refused} |"


def _units(said: list[Manifest]) -> dict[str, int]:
    return {name: sum(one.counts.get("units", {}).get(name, 0) for one in said) for name in COUNTED}


def _came(said: Manifest) -> datetime:
    return datetime.fromisoformat(said.received_at).astimezone(UTC)
