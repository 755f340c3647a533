"""What the command line adds of its own: where the demonstration goes, and how keys are made."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl, nights
from cgt_etl.settings import Settings


def test_the_demonstration_never_goes_into_the_deployment_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"CGT_HOME": "production", "CGT_MASTER_KEY": "AAAA", "CGT_MASTER_KEY_FILE": "production.key"}.items():
        monkeypatch.setenv(name, value)
    played: list[Settings] = []
    monkeypatch.setattr(nights, "_run", lambda settings, *_, **__: bool(played.append(settings)))
    with pytest.MonkeyPatch.context() as inner:
        inner.setattr(os, "environ", dict(os.environ))
        done = CliRunner().invoke(cgt_etl, ["demo", "--dir", str(tmp_path)])
        assert done.exit_code == 0, done.output
        (settings,) = played
        assert settings.home == tmp_path / "home"
        assert settings.master_key_file == tmp_path / "demo.key"
        assert len(settings.master_key) == 32


def test_a_key_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "master.key"
    assert CliRunner().invoke(cgt_etl, ["key", "new", str(file)]).exit_code == 0
    made = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = CliRunner().invoke(cgt_etl, ["key", "new", str(file)])
    assert again.exit_code == 1
    assert "never overwritten" in again.output
    assert file.read_bytes() == made
