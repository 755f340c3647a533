"""The asset graph as text: what `graph.txt` holds.

Run `python -m tests.orchestration.graph > tests/orchestration/graph.txt` after a wanted change."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import dagster as dg

from cgt_etl.contracts.registry import Registry
from cgt_etl.definitions import build
from cgt_etl.settings import Settings


def definitions(home: Path) -> dg.Definitions:
    """Those of an empty home with the repository's own dialects and partners."""
    settings = Settings(home=home)
    return build(settings, Registry.load(settings))


def text(made: dg.Definitions) -> str:
    """Assets with their group, checks, jobs, schedules and sensors, one a line, sorted."""
    repository = made.get_repository_def()
    graph = made.resolve_asset_graph()
    lines = [f"asset {key.to_user_string()} [{graph.get(key).group_name}]" for key in graph.get_all_asset_keys()]
    lines += [f"check {key.asset_key.to_user_string()} {key.name}" for key in graph.asset_check_keys]
    lines += [f"job {name}" for name in repository.job_names if not name.startswith("__")]
    lines += [f"schedule {schedule.name} {schedule.cron_schedule} -> {schedule.job_name}" for schedule in repository.schedule_defs]
    lines += [
        f"sensor {sensor.name} {sensor.default_status.value} -> {', '.join(target.job_name for target in sensor.targets) or 'no job'}"
        for sensor in repository.sensor_defs
    ]
    return "\n".join(sorted(lines)) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(text(definitions(Path(folder))))
