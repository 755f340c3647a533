"""The released columns of every schema version, and whether a change of them came with a version and a migration note.

`docs/schema/<version>.csv` holds what that version releases, taken from the models' YAML; a file of a version that is out is never changed.
`python scripts/schema.py` writes the file of the present version and says what is still missing.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

from cgt_etl.release import marts
from cgt_etl.release.plan import SCHEMA_VERSION
from cgt_etl.settings import REPOSITORY

FOLDER = REPOSITORY / "docs" / "schema"
NOTES = REPOSITORY / "docs" / "migrations.md"
HEADER = ("table", "column", "type", "unit", "privacy")

Columns = dict[tuple[str, str], tuple[str, ...]]
"""(table, column) -> type, unit, privacy."""


def declared() -> Columns:
    """What the models release now."""
    return {(mart.name, column.name): (column.type, column.unit, column.privacy) for mart in marts.load() for column in mart.columns}


def recorded(version: str, folder: Path = FOLDER) -> Columns:
    """What a version releases, empty where it has no file."""
    file = folder / f"{version}.csv"
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as lines:
        return {(row["table"], row["column"]): (row["type"], row["unit"], row["privacy"]) for row in csv.DictReader(lines)}


def write(version: str, columns: Columns, folder: Path = FOLDER) -> None:
    """The file of a version, by table and column."""
    with (folder / f"{version}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows([*key, *said] for key, said in sorted(columns.items()))


def problems(version: str, now: Columns, notes: str, folder: Path = FOLDER) -> list[str]:
    """Why `now` may not be released as `version`, one sentence each; empty when all is well.

    Args:
        notes: the migration notes, one section `## <version>` per version, newest first.
    """
    recording = "`python scripts/schema.py` writes it"
    if now != recorded(version, folder):
        listed = ", ".join(f"{table}.{column}" for table, column in _changed(recorded(version, folder), now)[:5])
        return [f"docs/schema/{version}.csv is not what the models release ({listed}, ...); raise SCHEMA_VERSION, then {recording}"]
    earlier = max((key for key in map(_key, _versions(folder)) if key < _key(version)), default=None)
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", notes, re.DOTALL | re.MULTILINE))
    if version not in sections:
        return [f"docs/migrations.md has no section `## {version}`"]
    if earlier is None:
        return []
    before = recorded(".".join(map(str, earlier)), folder)
    changed = _changed(before, now)
    broken = [key for key in changed if key in before and before[key][:2] != now.get(key, ())[:2]]
    found = []
    if broken and _key(version)[0] == earlier[0]:
        found.append(f"{_named(broken)} went or has another type or unit since {'.'.join(map(str, earlier))}: that is a new major version")
    elif changed and _key(version)[:2] == earlier[:2]:
        found.append(
            f"{_named(changed)} came or changed its privacy class since {'.'.join(map(str, earlier))}: that is a new minor version"
        )
    unsaid = sorted({table for table, _ in changed if f"`{table}`" not in sections[version]})
    unsaid += [f"{table}.{column}" for table, column in broken if f"`{column}`" not in sections[version]]
    if unsaid:
        found.append(f"the section `## {version}` of docs/migrations.md does not speak of {', '.join(unsaid)}")
    return found


def _changed(before: Columns, now: Columns) -> list[tuple[str, str]]:
    """What came, went or is said to be something else."""
    return sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))


def _versions(folder: Path) -> list[str]:
    return [file.stem for file in folder.glob("*.csv")]


def _key(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _named(keys: list[tuple[str, str]]) -> str:
    return ", ".join(f"{table}.{column}" for table, column in keys)


def main() -> None:
    """Write the present version's file; exit 1 with what is still missing."""
    now = declared()
    write(SCHEMA_VERSION, now)
    found = problems(SCHEMA_VERSION, now, NOTES.read_text(encoding="utf-8"))
    print("\n".join(found) or f"docs/schema/{SCHEMA_VERSION}.csv is what the models release")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
