"""Fifty planted values in direct-identifier columns are nowhere but in the vault (encrypted) and the delivered files, nor when shared."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import duckdb
import pytest

from tests.attack.families import tools
from tests.e2e.conftest import REPOSITORY, Few, of_the_few, simulate
from tests.e2e.test_share import grant, permitting

pytestmark = pytest.mark.slow

SIGN = re.compile(rb"Q\x00?X\x00?\d\x00?\d\x00?Z\x00?J")
"""What every canary ends in, as ASCII and as UTF-16."""


def plant(inbox: Path) -> list[str]:
    """Replace names, numbers and free text in the sample by 50 values that occur nowhere else; keep them valid where a rule looks."""
    canaries: list[str] = []

    def new(stem: str) -> str:
        canaries.append(f"{stem}QX{len(canaries):02d}ZJ")
        return canaries[-1]

    for file in sorted(inbox.glob("*/*/patient/*.ndjson")):
        lines = []
        for line in file.read_text().splitlines():
            try:
                patient = json.loads(line)
            except ValueError:
                lines.append(line)
                continue
            if len(canaries) < 36:
                patient["name"] = [{"family": new("Fam"), "given": [new("Giv")]}]
                patient["telecom"] = [{"system": "phone", "value": new("555")}]
                patient["address"] = [{"line": [new("Street")], "city": new("City"), "postalCode": new("ZIP")}]
            lines.append(json.dumps(patient, separators=(",", ":")))
        file.write_text("\n".join(lines) + "\n")
    for file in sorted(inbox.glob("*/*/apheresis/apheresis_*.csv")):
        rows = [line.split(",") for line in file.read_text().splitlines()]
        donor, mrn = rows[0].index("DNR_NO") if "DNR_NO" in rows[0] else -1, rows[0].index("PT_MRN") if "PT_MRN" in rows[0] else -1
        if min(donor, mrn) < 0:
            continue
        for row in rows[1:]:
            if len(canaries) < 50 and len(row) == len(rows[0]):
                row[donor] = new("DN")
                if len(canaries) < 50:
                    row[mrn] = new("MR")
        file.write_text("\n".join(",".join(row) for row in rows) + "\n")
    return canaries


def haystacks(root: Path) -> list[tuple[str, bytes]]:
    """Every file below `root` but the vault, as bytes and, where it is compressed, also as what it holds."""
    found: list[tuple[str, bytes]] = []
    for file in sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        if file.relative_to(root).parts[0] == "vault":
            continue
        data = file.read_bytes()
        found.append((str(file), data))
        if file.suffix == ".parquet":
            with duckdb.connect() as connection:
                found.append((f"{file} (decoded)", repr(connection.sql(f"select * from '{file}'").fetchall()).encode()))
        elif file.suffix == ".duckdb":
            with duckdb.connect() as connection:
                connection.sql(f"attach '{file}' as work (read_only)")  # the name its views know it by
                tables = "select table_schema, table_name from information_schema.tables where table_catalog = 'work'"
                for schema, table in connection.sql(tables).fetchall():
                    rows = connection.sql(f'select * from work."{schema}"."{table}"').fetchall()
                    found.append((f"{file} {schema}.{table}", repr(rows).encode()))
        elif file.suffix == ".gz":
            found.append((f"{file} (unpacked)", gzip.decompress(data)))
    return found


def test_fifty_canaries(few: Few, tmp_path: Path) -> None:
    inbox = of_the_few(simulate(tmp_path / "sample", journeys=24, nights=1), tmp_path / "inbox")
    canaries = plant(inbox)
    assert len(canaries) == 50
    assert all(SIGN.search(canary.encode(code)) for canary in canaries for code in ("utf-8", "utf-16-le"))
    home = few.at(tmp_path / "home", inbox)
    done = home.cli("run", "--inbox", str(home.inbox), anew=True)  # through Dagster, whose storage and logs count too
    status = home.cli("status").stdout + home.cli("quarantine", "list", "--items").stdout
    written = [*haystacks(home.path), ("terminal", (done.stdout + done.stderr + status).encode())]
    written += [
        (str(file), file.read_bytes())
        for folder in ("dbt_project", "expectations")
        for file in (REPOSITORY / folder).rglob("*")
        if file.is_file()
    ]
    grant(home.release)
    partners = permitting(tmp_path / "partners", (few.folder / "partners").iterdir())
    asked = ("--name", "trial", "--to", "cell_outcomes_registry", "--purpose", "research", "--minimum-cell", "2")
    home.cli("release", "share", *asked, "--out", str(tmp_path / "shared"), CGT_PARTNERS=partners)
    shared = haystacks(tmp_path / "shared")
    assert any("(decoded)" in name for name, _ in shared)
    written += shared
    leaks = [(name, sign.decode()) for name, data in written for sign in SIGN.findall(data)]
    assert leaks == []
    plain = [file for file in (home.path / "vault").rglob("*") if file.is_file() and SIGN.search(file.read_bytes())]
    assert plain == [], "the vault is encrypted"
    stored = [home.path / "dagster", home.path / "releases", home.path / "landing"]
    assert all(folder.is_dir() and any(folder.rglob("*")) for folder in stored), "the search covered what it claims to"
    assert any(home.path.glob("landing/*/patient/*/*/demographics.parquet")), "and the names that became tokens"
    assert list(tools.attack(home.path)) == [], "nor does any other word of a row stand in what the tools left"
