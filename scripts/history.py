"""`make history`: play many nights, then build each again as of its night: the same bytes as were released that night.

Goes on where it was stopped. An hour or so for the usual thirty nights; the suite does the same with a few.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from cgt_etl.cli.declarations import write_key
from cgt_etl.contracts.registry import Registry
from cgt_etl.orchestration.night import build_as_of, nights_to_run, run_night
from cgt_etl.release import night_record
from cgt_etl.settings import Settings
from cgt_etl.simulator import simulate


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--journeys", type=int, default=6)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    folder: Path = asked.dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    inbox, key = folder / "inbox", folder / "demo.key"
    os.environ |= {"CGT_HOME": str(folder / "home"), "CGT_MASTER_KEY_FILE": str(key)}
    if not key.exists():
        write_key(key)
    if not inbox.exists():
        simulate(folder, journeys=asked.journeys, nights=asked.nights, seed=asked.seed)
    settings = Settings.from_environment()
    registry = Registry.load(settings)
    for night in nights_to_run(settings, registry, inbox):
        report = run_night(settings, registry, inbox, night, received_at=datetime.now(UTC))
        print(f"Night {night}: {report.lines()[-1].strip()}", flush=True)
    differing = sum(_differs(settings, registry, number, folder / "as-of") for number in night_record.nights(settings))
    print(f"{differing} nights differ from what was released." if differing else "Every night, built again, is what was released.")
    return min(differing, 1)


def _differs(settings: Settings, registry: Registry, number: int, out: Path) -> bool:
    """Build the night again and say whether any table differs; a night that released nothing has nothing to differ from."""
    record = night_record.load(settings, number)
    if record.release_id is None:
        print(f"Night {number:04d}: released nothing ({record.status}).", flush=True)
        return False
    shutil.rmtree(out, ignore_errors=True)
    build_as_of(settings, registry, number, out)
    released, again = _tables(settings.releases / record.release_id), _tables(out)
    wrong = sorted({name.split("/")[0] for name in released.keys() | again.keys() if released.get(name) != again.get(name)})
    print(f"Night {number:04d}: {'differs in ' + ', '.join(wrong) if wrong else 'the same'} ({len(released)} files).", flush=True)
    return bool(wrong)


def _tables(release: Path) -> dict[str, bytes]:
    root = release / "tables"
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


if __name__ == "__main__":
    sys.exit(main())
