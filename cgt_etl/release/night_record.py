"""What a night did: its list of deliveries, each with the door it came through, and the release that stood at its end.

`$CGT_HOME/nights/<NNNN>.json`; the list is what `--as-of` builds from. Holds ids, hashes and sentences, no values. The only
clock in it is `finished_at`, which nothing is computed from.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.release import digest, read
from cgt_etl.settings import Settings, fault_point

Status = Literal["released", "held", "failed"]


@dataclass(frozen=True)
class NightRecord:
    """One night. `deliveries`: id -> sha256, door16, sequence, status, as in the inputs of a release."""

    night: int
    status: Status
    release_id: str | None
    """The release that is current at the end of the night; None before the first."""
    inputs_hash: str
    deliveries: dict[str, dict[str, str]]
    finished_at: str
    """ISO, UTC."""
    decisions: dict[str, dict[str, str]] = field(default_factory=dict)
    """The stewards' decisions in force, as in the inputs of a release."""
    problems: list[str] = field(default_factory=list)
    """Refused files, folders left out, failed checks: one sentence each."""
    counts: dict[str, Any] = field(default_factory=dict)
    """What the night's files held: units and cells in, accepted, set aside, erased; files by what became of them."""


def path(settings: Settings, night: int) -> Path:
    """Where the record of a night lies."""
    return settings.nights / f"{night:04d}.json"


def write(settings: Settings, record: NightRecord) -> None:
    """Record a night, whole or not at all; a night that runs again replaces its record."""
    durable.make_folder(settings.nights)
    durable.replace_file(path(settings, record.night), [digest.json_text(asdict(record)).encode()])
    fault_point("night.recorded")


def load(settings: Settings, night: int) -> NightRecord:
    """The record of a night.

    Raises:
        CgtError: it has none, or the file is damaged.
    """
    try:
        return NightRecord(**json.loads(path(settings, night).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CgtError(f"night {night:04d} has no readable record", remedy="`cgt-etl status` lists the nights") from error


def tells_of(settings: Settings, release: read.Release) -> bool:
    """Whether the release's own night is recorded as released; not where a killed or failed night left it current without saying so."""
    return release.night in nights(settings) and load(settings, release.night).release_id == release.id


def nights(settings: Settings) -> list[int]:
    """Every recorded night, in order."""
    return sorted(int(file.stem) for file in settings.nights.glob("*.json") if file.stem.isdigit())
