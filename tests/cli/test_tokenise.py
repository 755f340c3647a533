"""The commands of a network whose partners tokenise at their own places, as its people type them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.errors import CgtError
from tests.landing import bench as benches
from tests.landing.bench import HEADER


def test_from_the_master_key_to_an_identifier_that_only_its_partner_can_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = benches.make(tmp_path)
    for name in ("CGT_MASTER_KEY", "CGT_LEASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CGT_DIALECTS", f"={tmp_path / 'dialects'}")
    monkeypatch.setenv("CGT_PARTNERS", f"={tmp_path / 'partners'}")

    def at(home: str, *arguments: str, stdin: str = "") -> str:
        monkeypatch.setenv("CGT_HOME", str(tmp_path / home))
        monkeypatch.setenv("CGT_MASTER_KEY_FILE", str(tmp_path / f"{home}.key"))
        done = CliRunner().invoke(cgt_etl, arguments, input=stdin)
        if isinstance(done.exception, CgtError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    at("keeper", "key", "new", str(tmp_path / "keeper.key"))
    at("keeper", "key", "hub", str(tmp_path / "hub.key"))
    at("keeper", "key", "partner", "northbench", str(tmp_path / "partner.key"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.key")} == {0o600}
    with pytest.raises(CgtError, match="unknown partner"):
        at("keeper", "key", "partner", "nobody", str(tmp_path / "nobody.key"))
    path = bench.deliver(HEADER + "1,17,12.5,CANARY\n,18,1,CANARY\n")
    sent = tmp_path / "sent" / "0001" / "northbench" / "sample"
    said = at("partner", "partner", "tokenise", "northbench", "sample", str(path), "--out", str(sent))
    assert "sample_1.csv: 1 of 2 accepted, 1 set aside, 0 erased; send " in said
    assert "CANARY" not in said
    token = at("partner", "partner", "token", "--kind", "mrn", "--issuer", "northbench", stdin="00000017\n").strip()
    (line,) = at("partner", "partner", "resolve", token).splitlines()
    assert line.startswith("mrn of northbench 00000017  northbench/sample/")
    delivery = line.split("  ")[1].split(",")[0]
    assert at("partner", "partner", "resolve", delivery, "--position", "2").splitlines() == [line]
    for arguments in (
        ("token", "--kind", "mrn", "--issuer", "northbench"),
        ("tokenise", "northbench", "sample", str(path), "--out", str(sent)),
    ):
        with pytest.raises(CgtError, match="hub"):
            at("hub", "partner", *arguments, stdin="00000017\n")
