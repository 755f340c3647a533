"""dbt's parse of a project, taken along to a home elsewhere: the same files are parsed once for all homes of the tests.

dbt throws a parse away where the connection differs, and here nothing differs but the path of the build file. Should dbt one day compare by
other means, it parses again and the tests are slower, no less.
"""

from __future__ import annotations

import re
from pathlib import Path
from pprint import pformat

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
_PLACE = Path("dbt") / "target" / "partial_parse.msgpack"
_CHECKSUM = re.compile(rb"profile_hash.{0,60}?checksum.{1,3}?([0-9a-f]{64})", re.DOTALL)


PROFILES = REPOSITORY / "dbt_project" / "profiles.yml"


def take_along(parsed: Path, home: Path, profiles: Path = PROFILES) -> None:
    """Put the parse of one home (which may be this one, copied from elsewhere) into another, as if it had been made there."""
    content = (parsed / _PLACE).read_bytes()
    found = _CHECKSUM.search(content)
    assert found, "dbt no longer notes the connection that it parsed under"
    target = home / _PLACE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content[: found.start(1)] + _of_connection(home, profiles).encode() + content[found.end(1) :])


def _of_connection(home: Path, profiles: Path) -> str:
    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt.artifacts.resources.base import FileHash

    profile = yaml.safe_load(profiles.read_text(encoding="utf-8"))["cgt_etl"]["outputs"]["build"]
    said = {name: profile[name] for name in ("plugins", "settings") if name in profile}
    said |= {"schema": "main", "path": str(home / "builds" / "work.duckdb")}
    return FileHash.from_contents(pformat(sorted(DuckDBCredentials.from_dict(said).connection_info()))).checksum
