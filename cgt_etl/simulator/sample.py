"""Writes a whole run: nights of partner files below `inbox/`, and below `truth/` what a pipeline should make of them."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Literal

import pyarrow.parquet as pq

from cgt_etl.simulator import exports
from cgt_etl.simulator.calendar import Calendar
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.engine import Engine, Level
from cgt_etl.simulator.linkage import records
from cgt_etl.simulator.partner_files import partner_files
from cgt_etl.simulator.tables import tables as all_tables
from cgt_etl.simulator.truth import Truth
from cgt_etl.simulator.world import effects
from cgt_etl.simulator.world.journeys import journeys as all_journeys
from cgt_etl.simulator.world.journeys import network
from cgt_etl.simulator.world.mistaken import with_mistakes
from cgt_etl.simulator.world.network import with_a_wrong_clock

World = Literal["network", "wide"]
NETWORK: World = "network"
WIDE: World = "wide"


def simulate(
    out: Path,
    *,
    journeys: int = 30,
    nights: int = 3,
    seed: int = 7,
    defects: Level = "typical",
    world: World = "network",
    high_volume: bool = False,
) -> None:
    """Write `<out>/inbox/<0001..>/<partner>/<feed>/<file>` and `<out>/truth/`; the same arguments give the same bytes.

    Where partners beyond the repository's take part (`world` wide, or `high_volume`), their files stand in `<out>/partners`.

    Args:
        out: folder to write into.
        journeys: intents to treat.
        nights: deliveries of the world's 240 days, evenly spaced.
        seed: of all randomness.
        defects: how much goes wrong; each defect is listed in `truth/defects.jsonl`.
        world: the repository's partners, or at least eight legal entities in each role.
        high_volume: minutes of wearables of everybody, about 60,000 rows a journey, and a reading of the loggers every minute.

    Raises:
        FileExistsError: `<out>/inbox` or `<out>/truth` is already there.
        ValueError: fewer than one journey or night.
    """
    if journeys < 1 or nights < 1:
        raise ValueError("a run has at least one journey and one night")
    (out / "inbox").mkdir(parents=True)
    parties = network(world, seed) if defects == "none" else with_a_wrong_clock(network(world, seed))
    engine = Engine(out, Calendar(nights), seed, defects, {party.partner: party.zone for party in parties.parties})
    modules = export_modules()
    for name, files in partner_files(parties, is_wide=world == "wide", high_volume=high_volume).items():
        folder = out / "partners" / name
        folder.mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8", newline="\n")
    spoken = {party.partner: party.dialects for party in parties.parties}
    for right in all_journeys(parties, journeys, seed):
        journey = with_mistakes(right, parties, journeys, seed, defects)
        engine.truth.journey(journey)
        for name, module in modules.items():
            facts = getattr(module, "full_facts", module.facts) if high_volume else module.facts
            for fact in facts(journey, parties, Draws.seeded(seed, "export", name, journey.number)):
                # a programme of wearables is no party of the network
                if module.DIALECT in spoken.get(fact.partner, (module.DIALECT,)):
                    engine.deliver(module, fact)
    said = {"world": world, "journeys": journeys, "nights": nights, "seed": seed, "defects": defects, "high_volume": high_volume}
    engine.truth.whole("world", said)
    engine.truth.whole("effects", effects.PLANTED)
    for product in parties.products:
        engine.truth.product(product)
    engine.truth.whole("clocks", {party.partner: party.clock_ahead_min * 60 for party in parties.blood_centres})
    engine.finish()


def export_modules() -> dict[str, ModuleType]:
    """The modules of `exports/` by name, from the folder."""
    names = sorted(found.name for found in pkgutil.iter_modules(exports.__path__) if not found.name.startswith("_"))
    return {name: importlib.import_module(f"{exports.__name__}.{name}") for name in names}


def write_tables(folder: Path, journeys: int, seed: int) -> int:
    """Tables straight from the wide world, in the shape of the released ones, one Parquet file each; gives their number.

    Raises:
        FileExistsError: the folder is already there.
    """
    folder.mkdir(parents=True)
    made = all_tables(journeys, seed)
    for name, table in made.items():
        pq.write_table(table, folder / f"{name}.parquet")
    return len(made)


def write_linkage(folder: Path, persons: int, seed: int) -> None:
    """The linkage-level world: who is named by what in which record, and what can be known of it, as JSON lines.

    From fifty persons on there is one swap, one exchange, one second number and one merge undone for each fifty, and at most twenty.

    Raises:
        FileExistsError: the folder is already there.
    """
    truth = Truth(folder)
    many = min(20, persons // 50)
    made = records(
        seed, persons, single_swaps=many, double_swaps=many, second_numbers=many, undone_merges=many, with_loggers=False, with_traits=True
    )
    for mention in made.mentions:
        named = mention.identifier._asdict()
        truth.say("mentions", {"record": mention.record, **named, "role": mention.role, "owner": mention.owner})
    for trait in made.traits:
        truth.say("traits", trait._asdict())
    for merge in made.merges:
        pair = {"one": merge.one._asdict(), "other": merge.other._asdict()}
        truth.say("merges", {"record": merge.record, **pair, "is_undone": merge.is_undone})
    for node, component in made.oracle.items():
        named = {**node[0]._asdict(), "role": node[1]}
        truth.say("oracle", {**named, "component": component, "certain": made.certain.get(node)})
    for swap in made.swaps:
        truth.say("swaps", swap._asdict())
    truth.close()
