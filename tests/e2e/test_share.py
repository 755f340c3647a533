"""The shared view of a whole night's release, by the command line: of those who consented alone, and without a token or a date."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import yaml

from cgt_etl.release import digest
from tests.dbt_parse import REPOSITORY
from tests.e2e.conftest import Home
from tests.egress import world

pytestmark = pytest.mark.slow


def grant(release: Path) -> None:
    """Give everybody in a release a consent to research, as if it had been delivered and released."""
    file = next((release / "tables" / "consent").glob("*.parquet"))
    consent = pl.read_parquet(file)
    people = pl.read_parquet(release / "tables" / "subject" / "*.parquet")["subject_id"]
    given = [world.consent(person, consent_id=person, subject_id=person, given_date=date(2025, 1, 2)) for person in people]
    file.unlink()  # may be a link to the release before
    pl.concat([consent, pl.DataFrame(given)], how="diagonal").write_parquet(file)
    manifest = json.loads((release / "manifest.json").read_text())
    manifest["files"][file.relative_to(release).as_posix()] = {"sha256": digest.of_file(file), "bytes": file.stat().st_size}
    (release / "manifest.json").write_text(json.dumps(manifest))


def permitting(folder: Path, partners: Iterable[Path]) -> str:
    """`CGT_PARTNERS` of the same partners, each of whom lets every other one have all that a shared view may hold."""
    terms = json.loads(world.agreement().model_dump_json(exclude_none=True))
    for partner in partners:
        (folder / partner.name).mkdir(parents=True)
        shutil.copy(partner / "partner.yaml", folder / partner.name)
        (folder / partner.name / "agreements.yaml").write_text(yaml.safe_dump({"agreements": [with_days(terms)]}))
    return f"={folder}"


def with_days(terms: dict[str, object]) -> dict[str, object]:
    return terms | {name: date.fromisoformat(str(terms[name])) for name in ("signed", "expires")}


def test_a_night_is_shared(network: Home, copy_of: Callable[[Home], Home], tmp_path: Path) -> None:
    few = ("release", "share", "--name", "trial", "--to", "cell_outcomes_registry", "--minimum-cell", "2", "--purpose")
    asked = (*few, "research", "--out")
    home = copy_of(network)
    refused = home.cli(*few, "quality_improvement", "--out", str(tmp_path / "none"), expect=2)
    assert "rule R55" in refused.stderr
    assert not (tmp_path / "none").exists()
    everybody = permitting(tmp_path / "partners", (REPOSITORY / "cgt_etl" / "partners").iterdir())
    own = home.cli(*asked, str(tmp_path / "own"), CGT_PARTNERS=everybody)
    assert "subject_withdrawn" in own.stdout
    assert (
        2 <= world.table(tmp_path / "own", "subject").height < pl.read_parquet(network.release / "tables" / "subject" / "*.parquet").height
    )
    grant(home.release)
    done = home.cli(*asked, str(tmp_path / "one"), CGT_PARTNERS=everybody)
    home.cli(*asked, str(tmp_path / "two"), CGT_PARTNERS=everybody)
    home.cli(*asked, str(tmp_path / "as agreed"))
    assert world.table(tmp_path / "as agreed", "outcome").height < world.table(tmp_path / "one", "outcome").height
    assert "4 records" in home.cli("rights", "verify").stdout
    assert "Nothing was found" in home.cli("release", "scan", str(tmp_path / "one")).stdout
    assert "token of the release" in home.cli("release", "scan", str(home.release / "tables" / "journey"), expect=1).stdout
    told = world.written(tmp_path / "one")
    assert told == world.written(tmp_path / "two")
    tokens = {
        token
        for file in (home.release / "tables").rglob("*.parquet")
        for column in pl.read_parquet(file).select(pl.col(pl.String)).iter_columns()
        for text in column.drop_nulls().unique()
        for token in re.findall("[0-9a-f]{32}", text)
    }
    assert len(tokens) > 1000
    assert not tokens & set(re.findall("[0-9a-f]{32}", told))
    parties = "|".join(pl.read_parquet(home.release / "tables/party/*.parquet")["party_id"])
    between = (tmp_path / "one" / "manifest.json").read_text()  # says between whom agreements are
    assert not re.search(r"\b20\d\d-\d\d|datetime|" + parties, told.replace(between, ""))
    for table in ("subject", "journey", "administration", "timeline", "measurement", "product_edge"):
        assert world.table(tmp_path / "one", table).height > 0, table
    people = re.search(r": (\d+) people", done.stdout)
    assert people is not None
    assert int(people[1]) >= world.table(tmp_path / "one", "subject").height > 0
