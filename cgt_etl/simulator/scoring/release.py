"""A released dataset as anybody could read it: Parquet and manifest of a release, or the build file that the gate held back.

Knows the released tables by their documented columns and nothing of the pipeline's code; judges nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from cgt_etl.simulator.scoring.truth import NotScorable, Row

At = tuple[str, int]
"""A delivery's id and a source row in it."""
_STATED = (
    "consent", "event", "measurement", "outcome", "specification", "shipment", "logger_reading", "material_lot", "process_series",
    "timeline",
)  # fmt: skip
"""Tables whose rows name their own source record."""
_WHO_IS_WHO = ("R05", "R06", "I01", "I02", "I03", "I04", "I05")
"""Rules of who is who: of subjects, and of collections that two patients are named for."""
_THINGS = {
    "collection": ("collection_id", ("donor_subject_id", "recipient_subject_id")),
    "administration": ("administration_id", ("subject_id",)),
    "therapy_order": ("therapy_order_id", ("subject_id",)),
    "batch": ("batch_id", ("recipient_subject_id",)),
    "dose_unit": ("dose_unit_id", ("recipient_subject_id",)),
}
"""Table of `row_source` about things -> its key, and its columns that name persons."""


class Released:
    """The tables of one release or held build, open for reading. Close after use."""

    def __init__(self, path: Path) -> None:
        """Open a release's folder (or a link to it), or a build file `builds/held-<hash>.duckdb`.

        Raises:
            NotScorable: it is neither.
        """
        self._held = path.is_file()
        self._folder = path
        try:
            if self._held:
                self._connection = duckdb.connect(str(path), read_only=True)
                self._manifest: dict[str, Any] = {}
                self.rows("select 1 from control.delivery limit 1")
            else:
                self._manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
                self._connection = duckdb.connect()
        except (OSError, ValueError, duckdb.Error) as error:
            raise NotScorable("neither the folder of a release nor a build that was held back") from error

    def close(self) -> None:
        self._connection.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def table(self, name: str, *columns: str) -> list[tuple[Any, ...]]:
        """These columns of every row.

        Raises:
            NotScorable: there is no such table, or no such column.
        """
        try:
            return self.rows(f"select {', '.join(columns)} from {self._relation(name)}")  # noqa: S608  names of our own
        except (duckdb.Error, KeyError) as error:
            raise NotScorable(f"the release has no readable table {name} with {', '.join(columns)}") from error

    @cached_property
    def deliveries(self) -> dict[tuple[str, str, str], str]:
        """(partner, feed, sha256 of the delivered bytes) -> delivery's id."""
        if self._held:
            known = self.rows("select partner, feed, sha256, source_delivery from control.delivery")
            return {(partner, feed, raw): id_ for partner, feed, raw, id_ in known}
        party = {id_: (partner, feed) for id_, partner, feed in self.table("delivery", "delivery_id", "party_id", "feed")}
        said: dict[str, Row] = self._manifest["inputs"]["deliveries"]
        return {(*party[id_], one["sha256"]): id_ for id_, one in said.items() if id_ in party}

    @cached_property
    def sources(self) -> dict[str, dict[str, set[At]]]:
        """Table -> key -> records that `row_source` traces it to."""
        found: dict[str, dict[str, set[At]]] = defaultdict(lambda: defaultdict(set))
        for table, key, delivery, first, last in self.table(
            "row_source", "table_name", "row_key", "source_delivery", "source_row_first", "source_row_last"
        ):
            if delivery is not None:
                found[table][key] |= {(delivery, row) for row in range(first, last + 1)}
        return found

    @cached_property
    def contradictions(self) -> dict[At, set[str]]:
        """Record that takes part in a contradiction of who is who, as findings say -> subjects on whose side it is."""
        found: dict[At, set[str]] = defaultdict(set)
        for delivery, row, rule, subject in self.table("finding", "source_delivery", "source_row", "rule_id", "subject_id"):
            if rule in _WHO_IS_WHO and subject and delivery:
                found[delivery, row].add(subject)
        return found

    @cached_property
    def traced(self) -> set[At]:
        """Records from which at least one released row comes."""
        found = {at for keys in self.sources.values() for places in keys.values() for at in places}
        for table in _STATED:
            found |= set(self.table(table, "source_delivery", "source_row"))
        return found

    @cached_property
    def persons(self) -> dict[At, set[str]]:
        """Record -> subjects in the rows about persons that come from it."""
        found: dict[At, set[str]] = defaultdict(set)
        for table in ("event", "measurement", "outcome"):
            for subject, delivery, row in self.table(table, "subject_id", "source_delivery", "source_row"):
                if subject is not None:
                    found[delivery, row].add(subject)
        for (subject,) in self.table("subject", "subject_id"):
            for at in self.sources["subject"].get(subject, ()):
                found[at].add(subject)
        return found

    @cached_property
    def things(self) -> list[tuple[set[str], set[At]]]:
        """Of each row that is about a thing: the subjects in it, and the records that it comes from."""
        return [
            ({subject for subject in subjects if subject is not None}, self.sources[table].get(row_key, set()))
            for table, (key, columns) in _THINGS.items()
            for row_key, *subjects in self.table(table, key, *columns)
        ]

    @cached_property
    def identifiers(self) -> dict[At, list[tuple[str, str, str]]]:
        """Record -> (kind, issuer, subject) of the identifiers that it states."""
        found: dict[At, list[tuple[str, str, str]]] = defaultdict(list)
        for kind, issuer, token, subject in self.table("subject_identifier", "identifier_kind", "issuer", "identifier_id", "subject_id"):
            for at in self.sources["subject_identifier"].get(f"{kind}|{issuer}|{token}", ()):
                found[at].append((kind, issuer, subject))
        return found

    def _relation(self, name: str) -> str:
        if self._held:
            return f"marts.{name}"
        files = ", ".join("'" + str(self._folder / path).replace("'", "''") + "'" for path in self._manifest["tables"][name]["files"])
        return f"read_parquet([{files}])"
