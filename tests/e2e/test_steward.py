"""A steward's walk: two charts of one person that share no identifier, from the proposal to one subject in the next release, and back."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.e2e.conftest import Few, Home

pytestmark = pytest.mark.slow

ITEM = re.compile(r"^(p[0-9a-f]{8})  agree in ", re.MULTILINE)
DECISION = re.compile(r"\((d[0-9a-f]{16})\)")
BY = ("--who", "r. steward", "--why", "both hospitals confirm a transfer")


def deliver_a_second_chart(inbox: Path) -> tuple[dict[str, Any], Path]:
    """A fourth night: another hospital registers a patient of the first anew, under numbers of its own, with a misspelt family name.

    Gives the patient as the first hospital has them, and the file.
    """
    line = next(iter(inbox.glob("*/lakeside_hospital/patient/*.ndjson"))).read_text().splitlines()[0]
    patient = json.loads(line)
    second = {key: patient[key] for key in ("resourceType", "active", "gender", "birthDate")}
    name = patient["name"][0]
    second |= {
        "id": "m-90001",
        "identifier": [{"type": patient["identifier"][0]["type"], "system": "urn:marienhof_klinikum:mrn", "value": "77700001"}],
        "name": [{"family": name["family"] + name["family"][-1], "given": [name["given"][0].upper()]}],
    }
    file = inbox / "0004" / "marienhof_klinikum" / "patient" / "Patient.ndjson"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(second, separators=(",", ":")) + "\n")
    earlier = next(iter(sorted(inbox.glob("000[1-3]/marienhof_klinikum/patient/envelope.json"))))
    (file.parent / "envelope.json").write_text(earlier.read_text().replace('"2026', '"2027'))
    return patient, file


def subjects(home: Home, release: Path | None = None) -> list[tuple[str, ...]]:
    with duckdb.connect() as connection:
        where = f"{release or home.release}/tables/subject_identifier/*.parquet"
        return connection.sql(f"select identifier_id, subject_id from '{where}' order by all").fetchall()


def test_two_charts_become_one_person_and_two_again(few: Few, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    shutil.copytree(few.home.inbox, inbox)
    home = few.copy(tmp_path / "home", inbox=inbox)
    patient, file = deliver_a_second_chart(inbox)
    home.run()
    released = [home.release]
    before = subjects(home)

    status = home.cli("status").stdout
    assert "`cgt-etl identity review`" in status
    queue = home.cli("identity", "review", "--most", "500").stdout
    blocks = re.split(r"\n(?=[pk][0-9a-f]{8}  )", queue)
    [asked] = [
        block
        for block in blocks
        if ITEM.match(block) and f"marienhof_klinikum/patient/{hashlib.sha256(file.read_bytes()).hexdigest()[:16]} row 1" in block
    ]
    assert "lakeside_hospital/patient/" in asked
    assert "family_name phonetic, given_name full, birth_date day, sex full" in asked
    assert not [text for text in (patient["name"][0]["family"], patient["birthDate"], "77700001") if text in queue]
    [item] = ITEM.findall(asked)

    assert "--who" in home.cli("identity", "accept", item, expect=2).stderr
    done = home.cli("identity", "accept", item, *BY).stdout
    [decision] = DECISION.findall(done)
    assert item not in home.cli("identity", "review", "--most", "500").stdout
    assert subjects(home) == before, "a decision counts from the next night on"

    home.run()
    released.append(home.release)
    after = subjects(home)
    assert len({subject for _, subject in after}) == len({subject for _, subject in before}) - 1
    assert [token for token, _ in after] == [token for token, _ in before], "no identifier came or went"
    assert list(home.manifest["inputs"]["decisions"]) == [decision]  # type: ignore[index]
    assert decision in home.cli("identity", "decisions").stdout
    assert "decisions changed" in home.cli("release", "diff", released[0].name).stdout
    home.cli("doctor")

    home.cli("release", "build", "--as-of", "4", "--out", str(tmp_path / "asof-4"))
    assert home.tables(tmp_path / "asof-4") == home.tables(released[0]), "what that night knew, and nothing had been decided by then"

    home.cli("identity", "undo", decision, "--who", "r. steward", "--why", "another person after all")
    home.run()
    assert home.tables() == home.tables(released[0]), "as if it had never been made"
    assert item in home.cli("identity", "review", "--most", "500").stdout
    home.cli("identity", "reject", item, *BY)
    assert item not in home.cli("identity", "review", "--most", "500").stdout
