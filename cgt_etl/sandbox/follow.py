"""Keeps sandboxes with what they were made from: the current release and the last cut.

Every sandbox that there is is built again; where one fails, the one before it stays, the others are built, and it is named. Nobody gets a
sandbox here who had none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError, place_of
from cgt_etl.release import read
from cgt_etl.sandbox import home, store, trail
from cgt_etl.settings import Settings

_CUTS = "released/*.json"
"""Below the folder of the ledger: a file per quarter."""
NO_CUT = "none"


@dataclass
class Followed:
    """What became of the sandboxes: partners in order, and of those that failed why."""

    built: list[str] = field(default_factory=list)
    failed: dict[str, CgtError] = field(default_factory=dict)

    @property
    def sentences(self) -> list[str]:
        """What somebody should look at."""
        return [f"the sandbox of {partner} could not be built and is the one before: {why}" for partner, why in self.failed.items()]


def built(settings: Settings) -> list[str]:
    """Partners that have a sandbox, in order."""
    return sorted(path.parent.name for path in settings.sandboxes.glob(f"*/{store.FILE}"))


def older(settings: Settings) -> dict[str, str]:
    """Partners whose sandbox is older than the current release or the last cut -> what it was made from, for people.

    Reads the trails without their key, so it is for being told, not for being sure: `doctor` looks at the marks.
    """
    partners = built(settings)
    release = read.current(settings) if partners else None
    cuts = sorted(path.stem for path in settings.collective.glob(_CUTS))
    wanted = {"release": release.id if release else "", "last_cut": cuts[-1] if cuts else NO_CUT}
    found = {}
    for partner in partners:
        made = _made_from(settings, partner)
        if {name: made.get(name) for name in wanted} != wanted:
            found[partner] = f"release {made.get('release', 'unknown')}, last cut {made.get('last_cut', 'unknown')}"
    return found


def served_before(settings: Settings) -> dict[str, str]:
    """Partners whose database on a PostgreSQL server is older than their sandbox -> the release that it was made from; as `older`."""
    found = {}
    for partner in built(settings):
        acts = (one for one in _entries(settings, partner) if one.get("act") in ("build", "serve", "unserve"))
        served = next((one for one in acts if one["act"] != "build"), {}) if next(acts, {}).get("act") == "build" else {}
        if served.get("act") == "serve":
            found[partner] = f"release {served['said'].get('release', 'unknown')}"
    return found


def follow(settings: Settings, registry: Registry, *, who: str, at: datetime) -> Followed:
    """Build every sandbox again from the current release and the ledger.

    Args:
        who: does so, for their trails.
        at: with a zone.
    """
    done = Followed()
    for partner in built(settings):
        try:
            home.build(settings, registry, partner, who=who, at=at)
        except CgtError as error:
            done.failed[partner] = error
        except Exception as error:  # its words may hold values; the other sandboxes are built
            what = f"it stopped ({type(error).__name__} at {place_of(error)})"
            done.failed[partner] = CgtError(what, remedy="This is a defect of cgt_etl; report it with this sentence")
        else:
            done.built.append(partner)
    return done


def _made_from(settings: Settings, partner: str) -> dict[str, str]:
    """What the last build in a trail says; empty where none can be read."""
    return next((one["said"] for one in _entries(settings, partner) if one.get("act") == "build"), {})


def _entries(settings: Settings, partner: str) -> Iterator[dict[str, Any]]:
    """Newest first."""
    try:
        lines = (settings.sandboxes / partner / trail.FILE).read_text(encoding="utf-8").splitlines()
        yield from (json.loads(line) for line in reversed(lines))
    except (OSError, ValueError):
        return
