"""What is in a sandbox: everything that its partner delivered, nothing of anybody else; what it can be opened with; what its trail says."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import duckdb
import polars as pl
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys
from cgt_etl.egress.rights import agreements as rights
from cgt_etl.egress.rights.agreements import Declared, Network
from cgt_etl.egress.rights.home import log_of
from cgt_etl.errors import CgtError, DeclarationError
from cgt_etl.landing.chain import FIRST, TamperedChain
from cgt_etl.reports.sandbox_page import FILE, write_page
from cgt_etl.sandbox import engine, home, store
from cgt_etl.sandbox.trail import of_statement
from cgt_etl.sandbox.view import Agreement, in_force, view
from cgt_etl.settings import Settings
from tests.attack.families import canaries
from tests.sandbox import world
from tests.sandbox.world import TENANTS, tables

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
MINE, THEIRS = TENANTS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a quarter cut and both sandboxes built."""
    settings = world.home(tmp_path_factory.mktemp("home") / "home")
    world.cut(settings)
    registry = declared(settings)
    for tenant in TENANTS:
        home.build(settings, registry, tenant, who="ann", at=AT)
    return settings


@cache
def declared(settings: Settings) -> Registry:
    return Registry.load(settings)


def box(settings: Settings, tenant: str = MINE) -> home.Box:
    return home.box(settings, declared(settings), tenant)


def test_all_that_was_delivered_is_there(made: Settings) -> None:
    (landed,) = made.landing.glob(f"{MINE}/*/*/*/accepted/apheresis.parquet")
    given, kept = pl.read_parquet(landed), tables(box(made).file, box(made).key)["delivered.apheresis__apheresis"]
    tokens = ["record_key", "donor_no"]
    assert kept.drop(tokens).equals(given.drop(tokens))
    for name in tokens:  # others in their place, as many, and equal where they were equal
        assert not set(kept[name]) & set(given[name])
        assert pl.DataFrame({"a": given[name], "b": kept[name]}).unique().height == given[name].n_unique() == kept[name].n_unique()
    facts = tables(box(made).file, box(made).key)["own.measurement"]
    assert facts.height == given.height
    assert set(facts["subject_token"]) == set(kept["donor_no"]), "a token joins the tables of its sandbox"


def test_tokens_of_two_sandboxes_cannot_be_joined(made: Settings) -> None:
    """Both tenants delivered one donor's number."""
    inside = []
    for tenant in TENANTS:
        of = box(made, tenant)
        rows = [frame for name, frame in tables(of.file, of.key).items() if name.startswith(("own.", "delivered."))]
        found = pl.concat([frame[name] for frame in rows for name in frame.select(pl.col(pl.String)).columns]).drop_nulls()
        inside.append(set(found.str.extract_all("[0-9a-f]{32}").explode().drop_nulls()))
        assert inside[-1]
    assert not inside[0] & inside[1]


def test_no_canary_of_one_tenant_nor_a_token_of_landing_is_in_anything_that_another_gets(made: Settings, tmp_path: Path) -> None:
    for tenant in TENANTS:
        reached = canaries.reached(made, declared(made), tenant, tmp_path)
        assert list(canaries.sandbox(made, declared(made), tenant, reached)) == []
        own = str(world.canaries(tenant)["text"])
        assert [where for where, text in reached.items() if own in text] == ["store", "bundle", "answers"], "the search would find one"


def test_what_others_deliver_changes_nothing_of_ones_own_rows(made: Settings, tmp_path: Path) -> None:
    changed = world.home(tmp_path / "home", of_the_other=7)
    home.build(changed, declared(changed), MINE, who="ann", at=AT)
    own = {name: frame for name, frame in tables(box(made).file, box(made).key).items() if name.startswith(("own.", "delivered."))}
    now = {name: frame for name, frame in tables(box(changed).file, box(changed).key).items() if name.startswith(("own.", "delivered."))}
    assert own.keys() == now.keys()
    assert all(own[name].equals(now[name]) for name in own)


def test_what_is_of_all_is_what_was_released(made: Settings) -> None:
    (file,) = (made.collective / "released").glob("*.json")
    released = {(cell["table"], tuple(cell["categories"])): cell["value"] for cell in json.loads(file.read_text())["cells"]}
    kept = {name: frame for name, frame in tables(box(made).file, box(made).key).items() if name.startswith("collective.")}
    found = {
        (name.removeprefix("collective."), tuple(row[column] for column in frame.columns if column not in ("quarter", "subjects"))): row[
            "subjects"
        ]
        for name, frame in kept.items()
        for row in frame.iter_rows(named=True)
    }
    assert found == released
    assert None in released.values(), "the world has cells that are withheld"
    other = tables(box(made, THEIRS).file, box(made, THEIRS).key)
    assert all(other[name].equals(frame) for name, frame in kept.items()), "the same for everybody"


def test_a_copy_opens_with_plain_duckdb_and_its_key_alone(made: Settings, tmp_path: Path) -> None:
    done = home.export(box(made), tmp_path / "copy", "ann", AT)
    assert {path.name for path in done.folder.iterdir()} == {store.FILE, "manifest.json", "dictionary.csv", "README.md"}
    assert all(done.key.encode() not in path.read_bytes() for path in done.folder.iterdir())
    attach = next(line for line in (done.folder / "README.md").read_text().splitlines() if line.startswith("ATTACH"))
    program = f"""
import duckdb
connection = duckdb.connect()
connection.execute({attach.replace("'KEY'", f"'{done.key}'")!r})
connection.execute("use sandbox")
print(connection.execute("select count(*), min(device) from delivered.apheresis__apheresis").fetchall())
"""
    opened = subprocess.run([sys.executable, "-I", "-c", program], cwd=done.folder, env={}, capture_output=True, text=True, check=False)
    assert opened.stdout == f"[(3, '{world.canaries(MINE)['text']}')]\n", opened.stderr
    with pytest.raises(duckdb.Error), duckdb.connect() as connection:
        connection.execute(f"attach '{done.folder / store.FILE}' as s (read_only, encryption_key '{box(made).key.hex()}')")
    listed = done.manifest["tables"]
    kept = tables(done.folder / store.FILE, bytes.fromhex(done.key))
    assert {name: store.content_digest(frame) for name, frame in kept.items() if name in listed} == {
        name: said["sha256_of_rows"] for name, said in listed.items()
    }
    dictionary = pl.read_csv(done.folder / "dictionary.csv")
    assert dictionary.filter(pl.col("column").is_null())["meaning"].null_count() == 0, "every table is described"


def test_a_copy_is_the_same_each_time_but_for_what_encryption_draws(made: Settings, tmp_path: Path) -> None:
    one, two = (home.export(box(made), tmp_path / name, "ann", AT) for name in ("one", "two"))
    for name in ("dictionary.csv", "README.md"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()
    for manifest in (one.manifest, two.manifest):
        assert manifest.pop("trail_head")
        assert manifest["files"].pop(store.FILE)
    assert one.manifest == two.manifest


def test_files_are_their_owners_alone_and_encrypted(made: Settings) -> None:
    for tenant in TENANTS:
        of = box(made, tenant)
        assert stat.S_IMODE(of.folder.stat().st_mode) == 0o700
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in of.folder.iterdir() if path.is_file())
        assert str(world.canaries(tenant)["text"]).encode() not in of.file.read_bytes()
    assert box(made).key != box(made, THEIRS).key
    with pytest.raises(CgtError, match="does not open"), engine.session(box(made).file, box(made, THEIRS).key) as session:
        session.ask("select 1")


def test_the_trail_says_who_did_what_and_shows_what_was_changed(made: Settings, tmp_path: Path) -> None:
    of = box(made, THEIRS)
    before = len(of.trail.read())
    with home.questions(of) as session:
        home.ask(of, session, "select count(*) from own.measurement", "bea", AT)
        with pytest.raises(engine.RefusedQuestion):
            home.ask(of, session, "drop table own.measurement", "bea", AT)
        with pytest.raises(CgtError, match="who"):
            home.ask(of, session, "select 1", " ", AT)
    question, refused = of.trail.read()[before:]
    assert (question.who, question.act, question.said["tables"], question.said["rows"]) == ("bea", "question", "own.measurement", "1")
    assert question.said["statement_sha256"] == of_statement("select count(*) from own.measurement")
    assert refused.act == "refused question"
    file = of.folder / "trail.jsonl"
    lines = file.read_text().splitlines()
    head = of.trail.read()[-1].mark
    for damaged in (lines[1:], [*lines[:1], *lines[2:]], [*lines[:-1], lines[-1].replace("bea", "eve")], [*lines, lines[-1]]):
        file.write_text("\n".join(damaged) + "\n")
        with pytest.raises(TamperedChain):
            of.trail.read(head)
    file.write_text("\n".join(lines[:-1]) + "\n")
    assert len(of.trail.read()) == len(lines) - 1, "what is taken off the end is seen only by whoever knows the head"
    with pytest.raises(TamperedChain):
        of.trail.read(head)
    file.write_text("\n".join(lines) + "\n")
    assert of.trail.read(head)
    assert home.Box("none", tmp_path, Keys(world.MASTER)).trail.read(FIRST) == []


def test_an_entry_of_another_past_does_not_fit_into_the_trail(tmp_path: Path) -> None:
    trail = home.Box("none", tmp_path / "box", Keys(world.MASTER)).trail
    for who in ("ann", "bea", "cem"):
        trail.append(AT, who, "page", {})
    file = tmp_path / "box" / "trail.jsonl"
    ann, bea, cem = file.read_text().splitlines()
    file.write_text(f"{ann}\n")
    for who in ("dan", "eve"):
        trail.append(AT, who, "page", {})
    assert [one.who for one in trail.read()] == ["ann", "dan", "eve"]
    for lines in ((ann, bea, file.read_text().splitlines()[2]), (ann, file.read_text().splitlines()[1], cem)):
        (tmp_path / "other").mkdir(exist_ok=True)
        (tmp_path / "other" / "trail.jsonl").write_text("\n".join(lines) + "\n")
        with pytest.raises(TamperedChain):
            home.Box("none", tmp_path / "other", Keys(world.MASTER)).trail.read()


def test_a_page_says_what_was_contributed_learned_and_given(made: Settings, tmp_path: Path) -> None:
    agreement = Agreement("A-2025-014", "Orchard <Cell> Therapies", ("own.measurement",), "network", "2027-12-31")
    text = write_page(made, MINE, tmp_path, who="ann", at=AT, agreements=[agreement]).read_text()
    assert (tmp_path / MINE / FILE).read_text() == text
    for said in (
        "Northgate Blood Centre",
        "every 1 d: never delivered",
        "withheld",
        "A-2025-014",
        "Orchard &lt;Cell&gt; Therapies",
        "2027-12-31",
    ):
        assert said in text
    assert box(made).trail.read()[-1].mark in text, "the head of the trail, the page itself included"
    assert not any(sign in text for sign in ("<script", "http://", "https://", "src=", "url("))


def test_a_page_says_in_which_shares_rows_of_ones_own_went_and_which_came(made: Settings, tmp_path: Path) -> None:
    tables = {
        "journey": {"rows": 3, "agreements": [f"{THEIRS}/all"]},
        "collection": {"rows": 9, "agreements": [f"{MINE}/yields", f"{THEIRS}/all"]},
        "batch": {"rows": 0, "agreements": [f"{MINE}/batches"]},
    }
    said = {"share": "yields-1", "recipient": "orchard_cell_therapies", "use": "DUO:0000006", "tables": tables}
    asked = {"release": "0007-aaaaaaaaaaaaaaaa", "decisions": [{"as_of": "2026-02-03"}]}
    log = log_of(made)
    for one in (said, said | {"share": "theirs-1", "tables": {"journey": tables["journey"]}}, said | {"share": "to-me", "recipient": MINE}):
        log.append(asked | {"share": one})
    registry = declared(made)
    shown = view(made, registry, box(made))
    assert [(one.name, one.recipient, one.tables, one.agreements) for one in shown.given] == [
        ("to-me", MINE, ("collection",), (f"{MINE}/yields",)),
        ("yields-1", "orchard_cell_therapies", ("collection",), (f"{MINE}/yields",)),
    ]
    assert [(one.name, one.tables) for one in shown.received] == [("to-me", ("collection", "journey"))]
    page = write_page(made, MINE, tmp_path, who="ann", at=AT).read_text()
    for words in (
        "yields-1",
        "health or medical or biomedical research",
        "0007, 2026-02-03",
        f"{MINE}/yields",
        "views that were made",
    ):
        assert words in page
    assert "theirs-1" not in page
    other = view(made, registry, box(made, THEIRS))
    assert [one.name for one in other.given] == ["to-me", "theirs-1", "yields-1"]
    (made.rights / "decisions.jsonl").unlink()


def test_agreements_are_shown_from_the_first_day_on_which_they_give_to_the_last() -> None:
    terms: dict[str, object] = {
        "agreement": "learning", "to": "everybody", "purposes": ["HMB"], "consent": "research", "tables": ["batch"],
        "tier": "aggregate_only",
        "signed": date(2026, 1, 1), "embargo_until": date(2026, 3, 1), "expires": date(2026, 6, 30), "in_return": ["the tables"],
    }  # fmt: skip
    declared = Declared(
        tuple(rights.Agreement.model_validate(terms | {"to": to}) for to in ("everybody", {"role": "courier"}, {"partner": THEIRS}))
    )
    network = Network({}, {}, frozenset(), {MINE: declared})
    assert (
        in_force(network, MINE, date(2026, 2, 28))
        == in_force(network, MINE, date(2026, 7, 1))
        == in_force(network, THEIRS, date(2026, 3, 1))
        == []
    )
    shown = in_force(network, MINE, date(2026, 3, 1))
    assert shown == in_force(network, MINE, date(2026, 6, 30))
    assert [one.recipient for one in shown] == ["every partner", "every courier", THEIRS]
    assert shown[0] == Agreement("learning", "every partner", ("batch",), "aggregate_only", "2026-06-30", ("the tables",))


def test_what_is_not_there_is_said(made: Settings, tmp_path: Path) -> None:
    registry = declared(made)
    with pytest.raises(DeclarationError, match="unknown partner"):
        home.box(made, registry, "../etc")
    never = home.box(made, registry, "harbor_hospital")
    with pytest.raises(CgtError, match="no sandbox yet"), home.questions(never):
        pass
    with pytest.raises(CgtError, match="no sandbox yet"):
        home.export(never, tmp_path / "x", "ann", AT)
    (made.builds / f"{next(made.releases.glob('0*')).name}.duckdb").rename(made.builds / "kept")
    with pytest.raises(CgtError, match="is gone"):
        home.build(made, registry, MINE, who="ann", at=AT)
    (made.builds / "kept").rename(made.builds / f"{next(made.releases.glob('0*')).name}.duckdb")
    assert tables(box(made).file, box(made).key), "the one before still stands"
