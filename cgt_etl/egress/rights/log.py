"""What was decided, with everything that it was decided on: a record, and the log of records in `$CGT_HOME/rights`.

    decisions.jsonl    one record a line, each marked over the one before with a key of the hub's (`landing.chain`)

Decides nothing; rows are in none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cgt_etl.egress.rights.agreements import Network
from cgt_etl.egress.rights.decisions import ENGINE, Decision, Request, Rights
from cgt_etl.landing.chain import Chain
from cgt_etl.release import digest

FILE = "decisions.jsonl"


def record(rights: Rights, decisions: Sequence[Decision], release_id: str) -> dict[str, Any]:
    """Decisions about a release with their inputs, as JSON: requests and outcomes (columns that only differ in their name are listed
    together), the determining policies, hashes of the agreements and refusals they come from, of all policies, and the engine.

    Args:
        release_id: the release whose rows were asked for.
    """
    listed: dict[str, dict[str, Any]] = {}
    for decision in decisions:
        said = _asked(decision.request) | {"is_allowed": decision.is_allowed, "policies": list(decision.policies)}
        column = said.pop("column")
        listed.setdefault(digest.of_json(said), said | {"columns": []})["columns"].append(column)
    named = {"/".join(name.split("/")[:2]) for decision in decisions for name in decision.policies if "/" in name}
    version = hashes(rights.network)
    return {
        "release": release_id,
        "engine": ENGINE,
        "policy_hash": rights.policy_hash,
        "agreements": {name: version[name] for name in sorted(named)},
        "decisions": list(listed.values()),
    }


def log(folder: Path, key: bytes) -> Chain:
    """The log in a folder, empty where there is none yet.

    Args:
        key: the hub's, for the marks.
    """
    return Chain(folder / FILE, key, "the log of decisions")


def _asked(request: Request) -> dict[str, Any]:
    said = asdict(request)
    for day in ("as_of", "first_day", "last_day"):
        said[day] = said[day] and said[day].isoformat()
    said["populations"] = None if request.populations is None else sorted(request.populations)
    said["use"]["accepts"] = sorted(request.use.accepts)
    return said


def hashes(network: Network) -> dict[str, str]:
    """`contributor/name` of every agreement and refusal -> the hash of what it says."""
    found = {f"{contributor}/{one.agreement}": one.digest for contributor, one in network.each()}
    for contributor, declared in network.declared.items():
        found |= {f"{contributor}/{one.refusal}": one.digest for one in declared.refusals}
    return found
