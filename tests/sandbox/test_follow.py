"""Sandboxes follow what they are made of: a night, a cut; one that fails leaves the others, and what is older is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.egress.rights.home import log_of
from cgt_etl.operations import doctor
from cgt_etl.orchestration import status
from cgt_etl.sandbox import follow, home, store
from cgt_etl.settings import Settings
from tests.sandbox import world
from tests.sandbox.world import TENANTS

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
MINE, THEIRS = TENANTS


def rows(settings: Settings, registry: Registry, tenant: str) -> pl.DataFrame:
    of = home.box(settings, registry, tenant)
    with store.reading(of.file, of.key) as connection:
        return connection.execute("from own.measurement").pl()


def complaints(settings: Settings, registry: Registry) -> list[str]:
    return [one.line() for one in doctor.examine(settings, registry) if one.about in ("sandboxes", "rights")]


def shown(settings: Settings, registry: Registry) -> str:
    return "\n".join(status.lines(settings, registry, AT))


def test_sandboxes_are_built_again_after_a_night_and_a_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = world.home(tmp_path / "home")
    registry = Registry.load(settings)
    assert follow.follow(settings, registry, who="night 1", at=AT).built == [], "nobody gets one who had none"
    assert "Sandboxes" not in shown(settings, registry)
    for tenant in TENANTS:
        home.build(settings, registry, tenant, who="ann", at=AT)
    assert follow.older(settings) == {}
    assert complaints(settings, registry) == []
    assert "Sandboxes:  2, none older" in shown(settings, registry)

    world.night(settings, 2, rows=2, of_the_other=3)  # one of the first tenant's people has withdrawn
    assert list(follow.older(settings)) == list(TENANTS)
    assert f"  {MINE}: of release 0001-" in shown(settings, registry)
    assert len(complaints(settings, registry)) == 2
    assert rows(settings, registry, MINE).height == 3
    done = follow.follow(settings, registry, who="night 2", at=AT)
    assert (done.built, done.failed) == (list(TENANTS), {})
    assert rows(settings, registry, MINE).height == 2
    assert home.box(settings, registry, MINE).trail.read()[-1].who == "night 2"
    assert follow.older(settings) == {}

    world.cut(settings)
    assert list(follow.older(settings)) == list(TENANTS)
    build = home.build

    def broken(*asked: object, **how: object) -> object:
        if asked[2] == MINE:
            raise ValueError(str(world.canaries(MINE)["text"]))
        return build(*asked, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(home, "build", broken)
    done = follow.follow(settings, registry, who="cut of 2026Q1", at=AT)
    assert done.built == [THEIRS]
    [said] = done.sentences
    assert f"the sandbox of {MINE} could not be built and is the one before: it stopped (ValueError" in said
    assert str(world.canaries(MINE)["text"]) not in said
    assert list(follow.older(settings)) == [MINE]
    assert rows(settings, registry, MINE).height == 2


def test_what_was_served_before_a_build_is_named_until_it_is_served_again_or_taken_away(tmp_path: Path) -> None:
    settings = world.home(tmp_path / "home")
    registry = Registry.load(settings)
    home.build(settings, registry, MINE, who="ann", at=AT)
    trail = home.box(settings, registry, MINE).trail
    for act in ("serve", "unserve", "serve"):
        trail.append(AT, "ann", act, {"release": "0001-a"})
        assert follow.served_before(settings) == {}
    home.build(settings, registry, MINE, who="night 2", at=AT)
    trail.append(AT, "ann", "page", {})
    assert follow.served_before(settings) == {MINE: "release 0001-a"}
    assert f"{MINE}, on a server: of release 0001-a" in shown(settings, registry)
    assert "on a server is older" in complaints(settings, registry)[0]
    trail.append(AT, "ann", "unserve", {})
    assert follow.served_before(settings) == {}


def test_the_doctor_looks_at_the_marks(tmp_path: Path) -> None:
    settings = world.home(tmp_path / "home")
    registry = Registry.load(settings)
    home.build(settings, registry, MINE, who="ann", at=AT)
    log_of(settings).append({"decisions": []})
    assert complaints(settings, registry) == []
    for file in (settings.sandboxes / MINE / "trail.jsonl", settings.rights / "decisions.jsonl"):
        file.write_text(file.read_text().replace('"number": 1', '"number": 1, "more": 1'))
    assert [one.split(". ")[0] for one in complaints(settings, registry)] == [
        f"sandboxes: sandbox of {MINE}: the audit trail is not what was written",
        "rights: the log of decisions is not what was written",
    ]
