"""CONTRIBUTING, executed: a partner (a file) and a dialect (a folder) outside the repository reach contracts, dbt, Dagster and release."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.e2e.conftest import REPOSITORY, Few, Home
from tests.onboarding.test_new import ROWS, finish, workbook

pytestmark = pytest.mark.slow


def write_recipes(to: Path) -> list[Path]:
    """Every fenced block of CONTRIBUTING whose info string names a file."""
    written = []
    for name, body in re.findall(r"^```\w+ (\S+)\n(.*?)^```$", (REPOSITORY / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL):
        path = to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
        written.append(path)
    return written


COLLECTION = """select
    {{ fact_columns('collection') }},
    unit_din as din_token,
    false as is_autologous,
    false as is_anonymous,
    'cord' as collection_type_code,
    {{ time_from_date('collected', 'started') }},
    {{ unstated('collection', ['din_token', 'is_autologous', 'is_anonymous', 'collection_type_code', 'started']) }}
from {{ ref('stg_seaview__unit') }}
"""


def draft_a_dialect(home: Home, root: Path) -> None:
    """A workbook with surprises, from `dialect new` to a delivery in the inbox, as a newcomer would."""
    dialects, partners = root / "dialects", root / "partners"
    sample = workbook(root / "stock_20251130.xlsx")
    home.cli("dialect", "new", "seaview", "--from", str(sample), "--feed", "unit")
    finish(dialects / "seaview" / "unit.odcs.yaml")
    home.cli("dialect", "stage", "seaview", "--entity", "collection")
    (dialects / "seaview" / "stg_seaview__unit__collection.sql").write_text(COLLECTION)
    described = dialects / "seaview" / "stg_seaview.yml"
    described.write_text(described.read_text().replace("TODO one row is one collection of ...", "One row is one collection."))
    home.cli("partner", "new", "seaview_bank", "--dialect", "seaview")
    partner = partners / "seaview_bank" / "partner.yaml"
    partner.write_text(
        partner.read_text().replace("TODO blood_centre", "cord_bank").replace("name: TODO,", "name: Main,").replace("TODO ", "")
    )
    assert "All of it would land." in home.cli("partner", "check", "seaview_bank", "unit", str(sample)).stdout
    place = root / "inbox" / "0001" / "seaview_bank" / "unit" / sample.name
    place.parent.mkdir(parents=True)
    shutil.copyfile(sample, place)


def test_add_a_partner_and_a_dialect(few: Few, inbox: Path, tmp_path: Path) -> None:
    written = write_recipes(tmp_path)
    assert len(written) > 6
    files = map(json.loads, (inbox.parent / "truth" / "files.jsonl").read_text(encoding="utf-8").splitlines())
    whole = [one for one in files if (one["partner"], one["feed"], one["refused"]) == ("northgate_blood_centre", "apheresis", None)]
    delivery = inbox / max(whole, key=lambda one: int(one["units"]))["file"]
    place = tmp_path / "inbox" / "0001" / "hillside_blood_centre" / "apheresis" / delivery.name
    place.parent.mkdir(parents=True)
    shutil.copyfile(delivery, place)
    home = few.at(tmp_path / "home", tmp_path / "inbox", partners=tmp_path / "partners", dialects=tmp_path / "dialects")
    draft_a_dialect(home, tmp_path)
    for path in written:
        if path.suffix == ".yaml":
            assert "good" in home.cli("contract", "check", str(path)).stdout
    listed = home.cli("registry", "list").stdout
    assert "cord_stock.unit" in listed
    assert "hillside_blood_centre" in listed

    home.cli("run", "--inbox", str(home.inbox), anew=True)  # through Dagster

    with duckdb.connect() as connection:
        collections = connection.sql(f"select site_id, collection_type_code from '{home.release}/tables/collection/*.parquet'").fetchall()
        parties = {name for (name,) in connection.sql(f"select party_id from '{home.release}/tables/party/*.parquet'").fetchall()}
    assert sum(kind == "cord" for _, kind in collections) == 2 + len(ROWS), "the recipe's and the drafted dialect's"
    assert any(site == "hillside_blood_centre.main" for site, _ in collections)
    assert {"hillside_blood_centre", "meadow_cord_bank"} <= parties

    program = (
        "from cgt_etl.definitions import defs\nfor key in defs().resolve_asset_graph().get_all_asset_keys(): print(key.to_user_string())"
    )
    seen = home.python(program)
    assert "landing/meadow_cord_bank/unit" in seen
    assert "landing/hillside_blood_centre/apheresis" in seen
    assert "stg_cord_stock__unit" in seen
    status = Path(REPOSITORY / "dbt_project" / "sources")
    assert not status.exists() or not (status / "cord_stock").exists(), "the repository is untouched"
