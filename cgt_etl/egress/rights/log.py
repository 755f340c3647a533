"""What was decided, with everything that it was decided on: a record, and the log of records in `$CGT_HOME/rights`.

    00000001.json    one record; each names the one before by the hash of its bytes

Added to and never changed. Decides nothing; rows are in none of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cgt_etl.egress.rights.agreements import Network
from cgt_etl.egress.rights.decisions import ENGINE, Decision, Request, Rights
from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.release import digest

FIRST = "0" * 64
"""What the first record names as the one before."""
_MEND = "Bring the folder back from a backup; nothing is added to a log that was changed"


class TamperedLog(CgtError):
    """The log is not what was written."""


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
    hashes = _hashes(rights.network)
    return {
        "release": release_id,
        "engine": ENGINE,
        "policy_hash": rights.policy_hash,
        "agreements": {name: hashes[name] for name in sorted(named)},
        "decisions": list(listed.values()),
    }


class Log:
    """The log in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, head: str | None = None) -> list[dict[str, Any]]:
        """Every record in order.

        Args:
            head: hash of the last record, where it is known: records taken off the end show by it alone.

        Raises:
            TamperedLog: a record was changed, taken out or put in; says which.
        """
        return self._checked(head)[0]

    @property
    def head(self) -> str:
        """Hash of the last record. Raises TamperedLog."""
        return self._checked(None)[1]

    def append(self, said: dict[str, Any]) -> str:
        """Write a record to the end and return its hash. Whoever calls holds the lease of the home.

        Raises:
            TamperedLog: the log so far is not what was written.
        """
        records, before = self._checked(None)
        durable.make_folder(self._folder, 0o700)
        written = digest.json_text(said | {"previous": before}).encode()
        durable.replace_file(self._folder / _name(len(records)), [written], 0o600)
        return hashlib.sha256(written).hexdigest()

    def _checked(self, head: str | None) -> tuple[list[dict[str, Any]], str]:
        found: list[dict[str, Any]] = []
        before = FIRST
        for path in sorted(self._folder.glob("*.json")):
            written = path.read_bytes()
            try:
                said = json.loads(written)
                is_next = path.name == _name(len(found)) and said["previous"] == before
            except (ValueError, TypeError, KeyError):
                is_next = False
            if not is_next:
                raise TamperedLog("a record of decisions is not what was written, or not where it was", file=path.name, remedy=_MEND)
            found.append(said)
            before = hashlib.sha256(written).hexdigest()
        if head is not None and head != before:
            raise TamperedLog("the log of decisions does not end where it did", remedy=_MEND)
        return found, before


def _name(before: int) -> str:
    return f"{before + 1:08d}.json"


def _asked(request: Request) -> dict[str, Any]:
    said = asdict(request)
    for day in ("as_of", "first_day", "last_day"):
        said[day] = said[day] and said[day].isoformat()
    said["populations"] = None if request.populations is None else sorted(request.populations)
    said["use"]["accepts"] = sorted(request.use.accepts)
    return said


def _hashes(network: Network) -> dict[str, str]:
    """`contributor/name` of every agreement and refusal -> the hash of what it says."""
    found = {f"{contributor}/{one.agreement}": one.digest for contributor, one in network.each()}
    for contributor, declared in network.declared.items():
        found |= {f"{contributor}/{one.refusal}": one.digest for one in declared.refusals}
    return found
