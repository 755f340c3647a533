"""The evaluation at a small scale, with fixed seeds: far from the full figures, near enough to see a statistic break."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.contracts.registry import Registry
from cgt_etl.handoffs.evaluation import Figure, actions, bottlenecks, charts, dwell, effects, faults, infusions
from cgt_etl.handoffs.evaluation.faults import MODELS, SHOWN
from cgt_etl.orchestration.warehouse import compiled
from cgt_etl.settings import Settings
from cgt_etl.simulator import fault_world, handoff_world


def _reached(figures: list[Figure]) -> dict[tuple[str, str], float]:
    return {(figure.part, figure.what): figure.reached for figure in figures}


def test_bottlenecks() -> None:
    reached = _reached(bottlenecks(handoff_world.bottlenecks, range(3001, 3007)))
    assert reached["bottlenecks +80%", "precision"] > 0.85
    assert reached["bottlenecks +80%", "recall"] > 0.85
    assert reached["bottlenecks +50%", "precision"] > 0.8
    assert reached["bottlenecks +50%", "recall"] > 0.4
    assert reached["no bottlenecks", "new findings a snapshot"] < 0.3
    assert reached["no bottlenecks", "findings repeated"] == 0


def test_charts() -> None:
    reached = _reached(charts(handoff_world.charts, range(3001, 3011)))
    assert reached["charts from 20 points", "false alarms in 50 points"] < 0.08
    assert reached["charts from 20 points", "median delay at 1.5 sigma"] <= 12
    assert reached["charts from 40 points", "median delay at 1.5 sigma"] <= 10


def test_actions() -> None:
    reached = _reached(actions(handoff_world.actions, range(3001, 3004)))
    for part in ("actions", "actions, staggered"):
        assert reached[part, "right verdicts"] > 0.85
        assert reached[part, "shams said to work"] < 0.1


def test_effects() -> None:
    reached = _reached(effects(handoff_world.effects, range(3001, 3011)))
    for part in ("upstream effect", "the same everywhere"):
        assert reached[part, "mean of seeds away from the truth"] < 0.05
        assert 0.88 <= reached[part, "95 % intervals cover"] <= 0.99
        assert reached[part, "width over the oracle's"] < 1.2


def test_infusions() -> None:
    reached = _reached(infusions(handoff_world.infusions, range(3001, 3004)))
    for part in ("time to infusion", "infusion, same effect"):
        assert reached[part, "mean of seeds away from the truth"] < 0.1
        assert reached[part, "95 % intervals cover"] >= 0.8
        assert reached[part, "width over the oracle's"] < 1.3


def test_dwell() -> None:
    reached = _reached(dwell(handoff_world.dwell, range(3001, 3003)))
    assert reached["attributed time", "injected minutes in their cause"] > 0.88
    assert reached["attributed time", "all minutes in their cause"] > 0.88
    assert reached["attributed time", "handoffs whose parts do not add up"] == 0


def test_faults(parsed: Path) -> None:
    settings = Settings(home=parsed)
    models = compiled(settings, Registry.load(settings), MODELS)
    reached = _reached(faults(fault_world.faults, range(3001, 3003), models=models))
    for fault in SHOWN:
        assert reached[f"fault {fault}", "recall"] >= 0.95, fault
        assert reached[f"fault {fault}", "precision"] >= 0.9, fault
    assert reached["fault identity_swap", "recall"] == 1
    assert reached["faults", "of the rarest kind, pooled"] >= 5


def test_the_command_prints_what_is_reached() -> None:
    ran = CliRunner().invoke(cgt_etl, ["handoffs", "evaluate", "--seeds", "1", "--part", "dwell", "--json"])
    figures = json.loads(ran.output)
    assert {figure["part"] for figure in figures} == {"attributed time"}
    assert ran.exit_code == (0 if all(figure["is_met"] for figure in figures) else 1)
