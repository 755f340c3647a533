"""The sealed truth, read back for scoring: which statements stand, and what each delivered file and record states.

Holds no released thing and no verdict; what the truth cannot say (whether a pipeline is right) is `score`'s.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
Place = tuple[str, int]
"""A file as the truth names it, and a position in it."""
BOTH, RECIPIENT = "both", "recipient"
CUSTODY = "custody"
"""Feed of the records that tell of hold, temperature, seals and papers of a shipment."""
PARTIAL_TIME = "D06"


class NotScorable(ValueError):
    """What was given is no truth, or no release that can be compared with one. Says what is missing, never a data value."""


@dataclass(frozen=True)
class Unit:
    """An identifier in a role, or in both where the oracle joins its roles: what links are counted over."""

    kind: str
    issuer: str
    value: str
    component: int
    certain: int | None = None
    """Component of what must be joined; None: nothing must be joined with it."""


@dataclass(frozen=True)
class TruthFiles:
    """The folder `truth/` of one simulated run, whole in memory.

    Raises:
        NotScorable: on reading, when a file is missing or was written by another version of the simulator.
    """

    folder: Path

    @cached_property
    def level(self) -> str:
        """none, typical or harsh."""
        try:
            return str(json.loads((self.folder / "world.json").read_text(encoding="utf-8"))["defects"])
        except (OSError, ValueError, KeyError) as error:
            raise NotScorable("the folder holds no truth: its world.json is missing or damaged") from error

    @cached_property
    def files(self) -> dict[str, Row]:
        """Every delivered file by its name in the truth."""
        return {row["file"]: row for row in self._rows("files")}

    @cached_property
    def records(self) -> list[Row]:
        """Every written record, in the order of writing."""
        rows = list(self._rows("records"))
        if rows and not rows[0].keys() >= {"measurements", "consent", "graded"}:
            raise NotScorable("the truth was written by an older simulator: simulate again, with the same seed the inbox is the same")
        return rows

    @cached_property
    def defects(self) -> list[Row]:
        """Every injected defect; none without the file, which a run without defects does not have."""
        return list(self._rows("defects")) if (self.folder / "defects.jsonl").exists() else []

    @cached_property
    def swaps(self) -> list[Row]:
        """Every delivered mix-up of two persons; none without the file."""
        return list(self._rows("swaps")) if (self.folder / "swaps.jsonl").exists() else []

    @cached_property
    def blurred(self) -> set[Place]:
        """Records that landed with a time of which a part was missing."""
        return {(row["file"], row["position"]) for row in self.defects if row["rule"] == PARTIAL_TIME}

    @cached_property
    def cut(self) -> set[Place]:
        """Records that landed without one of their cells."""
        return {(row["file"], row["position"]) for row in self.defects if row["effect"] == "cell"}

    @cached_property
    def spoiled(self) -> set[tuple[str, int, str]]:
        """Cells of landed records that a defect took away, or put another value into: file, position, column of the contract."""
        return {(row["file"], row["position"], row["column"]) for row in self.defects if row["column"]}

    @cached_property
    def ordered_on(self) -> dict[str, str]:
        """Order number -> the day on which it was placed."""
        return {row["order_id"]: row["ordered"][:10] for row in self._rows("journeys") if row.get("order_id") and row["ordered"]}

    @cached_property
    def filled(self) -> dict[str, tuple[int, str]]:
        """Batch -> containers of each of its lots, and the last day on which they may be given; of those that were filled."""
        rows = (row for row in self._rows("batches") if row["dose_units"])
        return {row["number"]: (row["dose_units"][0]["containers"], row["dose_units"][0]["expires"]) for row in rows}

    @cached_property
    def products(self) -> dict[tuple[str, str], Row]:
        """Product as releases name it and version of its specification -> how it is to be handled; none without the file."""
        rows = self._rows("products") if (self.folder / "products.jsonl").exists() else iter(())
        return {(row["name"].lower(), row["specification_version"]): row for row in rows}

    @cached_property
    def patients(self) -> dict[int, int]:
        """Journey -> its patient."""
        return {row["journey"]: row["patient"] for row in self._rows("journeys")}

    @cached_property
    def released_cytokines(self) -> set[int]:
        """Journeys with a release syndrome of grade 1 and more; none without the file of outcomes."""
        rows = self._rows("outcomes") if (self.folder / "outcomes.jsonl").exists() else iter(())
        return {row["journey"] for row in rows if row["crs_grade"]}

    @cached_property
    def journeys_of(self) -> dict[int, list[int]]:
        """Patient -> their journeys."""
        found: dict[int, list[int]] = defaultdict(list)
        for journey, patient in self.patients.items():
            found[patient].append(journey)
        return found

    @cached_property
    def served(self) -> dict[str, set[int]]:
        """Batch number, donation or SSCC -> the journeys that it was for: all that were given of what was made of it.

        A shipment of drug product is for one journey.
        """
        found: dict[str, set[int]] = defaultdict(set)
        batches = list(self._rows("batches"))
        for row in self._rows("administrations"):
            found[row["batch"]].add(row["journey"])
        for row in batches:
            found[row["number"]].add(row["journey"])
        for row in self._rows("bags"):
            found[row["din"]].add(row["journey"])
        for row in batches:
            for used in row["inputs"]:
                found[used["din"]] |= found[row["number"]]
        for row in self.shipments:
            found[row["sscc"]].add(row["journey"])
            for content in () if row["is_drug_product"] else row["contents"]:
                found[row["sscc"]] |= found[content.split(":")[0]]
        return dict(found)

    @cached_property
    def shipments(self) -> list[Row]:
        """Every shipment of every journey, as it really was."""
        return list(self._rows("shipments"))

    @cached_property
    def legs(self) -> dict[tuple[int, tuple[str, ...], str], str]:
        """Journey, what changed hands and when it was given -> SSCC of the shipment of which that is a leg."""
        found = {}
        for row in self.shipments:
            for given in ("packed", "picked_up"):
                found[row["journey"], tuple(row["contents"]), row[given]] = row["sscc"]
        return found

    @cached_property
    def custody(self) -> dict[str, Row]:
        """SSCC -> the custody record of that shipment that stands."""
        return {
            value: record
            for record in self.standing
            if self.files[record["file"]]["feed"] == CUSTODY
            for kind, _, value in record["objects"]
            if kind == "sscc"
        }

    @cached_property
    def pooled(self) -> dict[str, set[str]]:
        """Donation number that a pool was given -> those of what went into it."""
        return {row["din"]: {one.split(":")[0] for one in row["made_from"]} for row in self._rows("bags") if row["edge"] == "pool"}

    @cached_property
    def handoffs(self) -> list[Row]:
        """Every change of hands of every journey, as it really was."""
        return list(self._rows("handoffs"))

    @cached_property
    def units(self) -> dict[tuple[str, str, str, str], Unit]:
        """(kind, issuer, value, role) of the oracle -> unit."""
        return {
            (row["kind"], row["issuer"], row["value"], row["role"]): Unit(
                row["kind"], row["issuer"], row["value"], row["component"], row["certain"]
            )
            for row in self._rows("oracle")
        }

    def named(self, record: Row) -> Iterator[tuple[Unit, int]]:
        """Units, each with its person, that a landed record still names."""
        for one in record["persons"]:
            if one["survives"]:
                role = RECIPIENT if one["role"] == BOTH else one["role"]
                yield self.units[one["kind"], one["issuer"], one["value"], role], one["person"]

    @cached_property
    def standing(self) -> list[Row]:
        """The landed version of each record that stands: the last by file name, night and position; never a retracted one.

        A feed that delivers snapshots has only what its last readable file holds.
        """
        last_file: dict[tuple[str, str], tuple[str, str]] = {}
        for file, row in self.files.items():
            if row["refused"] is None:
                feed = (row["partner"], row["feed"])
                last_file[feed] = max(last_file.get(feed, ("", "")), (row["name"], file))
        versions: dict[tuple[str, ...], Row] = {}
        for record in sorted((one for one in self.records if one["lands"]), key=self._sequence):
            row = self.files[record["file"]]
            versions[row["partner"], row["feed"], *record["key"]] = record
        return [
            record
            for record in versions.values()
            if not record["is_retraction"] and (not record["persists"] or self._name(record) == last_file[self._feed(record)][0])
        ]

    def _sequence(self, record: Row) -> tuple[str, int, int]:
        return self._name(record), self.files[record["file"]]["night"], record["position"]

    def _name(self, record: Row) -> str:
        return str(self.files[record["file"]]["name"])

    def _feed(self, record: Row) -> tuple[str, str]:
        row = self.files[record["file"]]
        return row["partner"], row["feed"]

    def _rows(self, name: str) -> Iterator[Row]:
        try:
            with (self.folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
                yield from (json.loads(line) for line in lines)
        except OSError as error:
            raise NotScorable(f"the folder holds no truth: its {name}.jsonl is missing") from error
