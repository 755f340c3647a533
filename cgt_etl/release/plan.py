"""What a night rests on, as one hash, and what of it is new since the last release.

Decides, without any of the heavy libraries, whether there is anything to do, whether the last build can be grown, and by
which deliveries. Builds nothing. The inputs are: deliveries with their door, contracts, partner files, code, SQL, seeds,
expectations, the versions of the engines that shape the bytes, the schema version and the stewards' decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import cgt_etl
from cgt_etl.contracts.registry import Registry
from cgt_etl.identity import decisions
from cgt_etl.landing.delivery import Delivery, delivery
from cgt_etl.release import digest, night_record, read
from cgt_etl.settings import PACKAGE, REPOSITORY, Settings

SCHEMA_VERSION = "1.6.0"
"""Of the released tables: major when a column goes or changes its meaning, minor when one comes."""
ENGINES = ("duckdb", "dbt-core", "dbt-duckdb", "pandera", "polars", "pyarrow")
"""Packages whose version may change a released byte."""
_NO_INPUT = frozenset({"simulator", "cli"})
"""Parts of the package that no release rests on."""
_GENERATED = frozenset({"sources", "seeds", "target", "logs", "_generated"})
"""Folders of `dbt_project` that are links or generated; what they lead to is counted elsewhere."""


@dataclass(frozen=True)
class Plan:
    """The inputs of a night and their difference to the current release.

    `changed` holds the ids of deliveries that are new or came through another door (all of them in a full build), `removed`
    those that the base has and this night has not.
    """

    deliveries: tuple[Delivery, ...]
    inputs: dict[str, Any] = field(repr=False)
    inputs_hash: str
    previous: read.Release | None
    """The current release, whatever it rests on."""
    base: read.Release | None
    """The release whose build is grown; None means a full build."""
    changed: list[str]
    removed: list[str]
    is_nothing_new: bool

    @property
    def is_addition(self) -> bool:
        """Nothing but deliveries that were added parts this night from the current release, so no row should go missing."""
        if self.previous is None:
            return False
        before = self.previous.inputs
        return (
            _surroundings(before) == _surroundings(self.inputs)
            and before["decisions"] == self.inputs["decisions"]
            and all(self.inputs["deliveries"].get(id_) == said for id_, said in before["deliveries"].items())
        )


def declared(registry: Registry, deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Those whose partner and contract are declared and load; what others delivered waits, landed as it is, until they are again."""
    feeds = {(feed.dialect, feed.name) for feed in registry.feeds}
    return [one for one in deliveries if one.partner in registry.partners and (one.dialect, one.feed) in feeds]


def plan(settings: Settings, registry: Registry, deliveries: Iterable[Delivery]) -> Plan:
    """Compare what these deliveries, this code and the decisions in force would release with what is released.

    Raises:
        CgtError: a decision is damaged.
    """
    listed = tuple(sorted(deliveries, key=lambda one: one.id))
    inputs = _inputs(registry, listed, decisions.inputs(settings))
    inputs_hash = digest.of_json(inputs)
    previous = read.current(settings)
    base = previous if previous and _can_grow(settings, previous, inputs) and not _erases_anew(listed, previous) else None
    before = base.inputs["deliveries"] if base else {}
    return Plan(
        deliveries=listed,
        inputs=inputs,
        inputs_hash=inputs_hash,
        previous=previous,
        base=base,
        changed=[one.id for one in listed if before.get(one.id) != inputs["deliveries"][one.id]],
        removed=sorted(set(before) - set(inputs["deliveries"])),
        is_nothing_new=previous is not None and previous.inputs_hash == inputs_hash and read.is_whole(previous),
    )


def as_of(settings: Settings, registry: Registry, night: int) -> Plan:
    """A full build over exactly the deliveries, each through the door, and the decisions that `night` recorded; with today's code and
    contracts.

    Raises:
        CgtError: the night has no record, or a delivery is no longer landed under that door.
    """
    recorded = night_record.load(settings, night)
    listed = tuple(declared(registry, (delivery(settings, id_, said["door16"]) for id_, said in sorted(recorded.deliveries.items()))))
    inputs = _inputs(registry, listed, recorded.decisions)
    return Plan(
        deliveries=listed,
        inputs=inputs,
        inputs_hash=digest.of_json(inputs),
        previous=None,
        base=None,
        changed=[one.id for one in listed],
        removed=[],
        is_nothing_new=False,
    )


def build_file(settings: Settings, release_id: str) -> Path:
    """The DuckDB file that a release was exported from, kept to grow the next one."""
    return settings.builds / f"{release_id}.duckdb"


def identity_folder(settings: Settings, release_id: str) -> Path:
    """The identity tables that belong to that build."""
    return settings.builds / f"{release_id}.identity"


def _can_grow(settings: Settings, previous: read.Release, inputs: dict[str, Any]) -> bool:
    return (
        build_file(settings, previous.id).is_file()
        and identity_folder(settings, previous.id).is_dir()
        and _surroundings(previous.inputs) == _surroundings(inputs)
    )


def _erases_anew(listed: tuple[Delivery, ...], previous: read.Release) -> bool:
    """Whether another door than before erases records of a delivery: a build that is grown keeps deleted rows in its free pages."""
    before = previous.inputs["deliveries"]
    changed = (one for one in listed if one.id in before and before[one.id]["door16"] != one.door16)
    return any(one.manifest.counts.get("units", {}).get("erased") for one in changed)


def _surroundings(inputs: dict[str, Any]) -> dict[str, Any]:
    """What changes everything where it changes; a delivery or a decision changes what it touches."""
    return {name: value for name, value in inputs.items() if name not in ("deliveries", "decisions")}


def _inputs(registry: Registry, deliveries: Iterable[Delivery], decided: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "deliveries": {
            one.id: {"sha256": one.sha256, "door16": one.door16, "sequence": one.sequence, "status": one.status} for one in deliveries
        },
        "contracts": {f"{feed.dialect}.{feed.name}": {"version": feed.version, "digest": feed.digest} for feed in registry.feeds},
        "partners": dict(sorted(registry.partner_digests.items())),
        "code": {"version": cgt_etl.__version__, "digest": digest.of_files(_code(registry))},
        "engines": {name: metadata.version(name) for name in ENGINES},
        "seeds": {name: digest.of_file(path) for name, path in sorted(_below(PACKAGE / "vocabularies", "*.csv"))},
        "expectations": digest.of_files([*_below(REPOSITORY / "expectations", "*.json"), *_below(REPOSITORY / "expectations", "*.sql")]),
        "decisions": decided,
    }


def _code(registry: Registry) -> Iterator[tuple[str, Path]]:
    for name, path in _below(PACKAGE, "*.py"):
        if not _NO_INPUT & set(Path(name).parts):
            yield f"cgt_etl/{name}", path
    for pattern in ("*.sql", "*.yml", "*.yaml"):
        for name, path in _below(REPOSITORY / "dbt_project", pattern):
            if not _GENERATED & set(Path(name).parts):
                yield f"dbt_project/{name}", path
        for dialect in registry.dialects.values():
            for name, path in _below(dialect.path, pattern):
                if not name.endswith(".odcs.yaml"):
                    yield f"dialects/{dialect.name}/{name}", path


def _below(folder: Path, pattern: str) -> list[tuple[str, Path]]:
    return [(path.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob(pattern)) if path.is_file()]
