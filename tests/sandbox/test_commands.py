"""The commands: from building to the page, and what a person is told where it cannot be."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cgt_etl.cli import cgt_etl
from cgt_etl.errors import CgtError
from tests.sandbox import world

MINE = world.TENANTS[0]
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    world.home(tmp_path / "home")
    monkeypatch.setenv("CGT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CGT_MASTER_KEY_FILE", str(tmp_path / "master.key"))

    def run(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(cgt_etl, ["sandbox", *arguments, "--who", "ann"], input=stdin)

    return run


def test_built_asked_copied_and_shown(run: Run, tmp_path: Path) -> None:
    assert "own.measurement  3\n" in run("build", MINE).output
    asked = "select source_row, value from own.measurement order by 1 limit 1"
    assert json.loads(run("query", MINE, asked, "--format", "json").output) == [{"source_row": 2, "value": 7301.125}]
    assert run("query", MINE, "-", "--format", "csv", stdin=asked).output == "source_row,value\n2,7301.125\n"
    refused = run("query", MINE, f"copy own.measurement to '{tmp_path}/x.csv'")
    assert isinstance(refused.exception, CgtError)
    assert not (tmp_path / "x.csv").exists()
    key = tmp_path / "copy.key"
    assert run("export", MINE, "--out", str(tmp_path / "copy"), "--key-file", str(key)).exit_code == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    again = run("export", MINE, "--out", str(tmp_path / "again"), "--key-file", str(key))
    assert isinstance(again.exception, CgtError), "a key is not overwritten"
    assert not (tmp_path / "again").exists()
    run("page", MINE, "--out", str(tmp_path / "pages"))
    page = (tmp_path / "pages" / MINE / "sandbox.html").read_text()
    assert page.count("refused question") == 1
