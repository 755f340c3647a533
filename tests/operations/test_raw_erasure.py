"""Erasing from the raw files of the vault: what is left reads as before, nothing of the person is in it, and no half stays silent."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import CgtError
from cgt_etl.identity.decisions import Because
from cgt_etl.landing import deliveries, raw, suppression
from cgt_etl.landing.delivery import Delivery
from cgt_etl.landing.inbox import land_all, scan
from cgt_etl.landing.raw import STUB, RawFile
from cgt_etl.landing.reland import reland_all
from cgt_etl.landing.resolve import by_place
from cgt_etl.landing.vault import Vault
from cgt_etl.operations import doctor, erasure, rewriting
from cgt_etl.operations.erasure import Tombstone
from cgt_etl.release import record_text
from tests.landing import bench as benches
from tests.landing.bench import GOOD, HEADER, LATER, NOW, Bench

KEYS = Keys(benches.MASTER)
BECAUSE = Because("data protection", "request 17", LATER)
KEPT = "2,00000018,x,\n,00000019,1,set aside\n"
SEVERAL = HEADER + f'1,00000017,12.5,"CANARY one\nand more"\n{KEPT}4,00000017,CANARY,two\n5,00000020,5,fine\n'
MISREAD = HEADER + "1,00000018,2,fine\n2,00000017,3,CANARY,too,many\n3,00000019,4,good\n"
ALONE = HEADER + "7,00000017,12.5,CANARY\n"
BOTH = HEADER + "1,00000017,1,\n2,00000018,2,\n"
OTHERS = HEADER + "8,00000027,12.5,fine\n"
REFUSED = "NUM,MRN,VOL\n1,00000017,2\n"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name, value in benches.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CGT_LEASE", raising=False)
    made = benches.make(tmp_path)
    for number, text in enumerate((SEVERAL, MISREAD, ALONE, OTHERS), start=1):
        made.deliver(text, f"sample_{number}.csv")
    land(made)
    return made


def land(bench: Bench) -> list[bool]:
    found = scan(bench.settings, bench.registry, bench.root / "inbox", "0001")
    return [one.is_new for one in land_all(bench.settings, bench.registry, found, NOW)]


def forget(bench: Bench, mrn: str = "00000017") -> None:
    suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value=mrn)
    reland_all(bench.settings, bench.registry, received_at=LATER)


def erase(bench: Bench, **more: bool) -> Tombstone:
    return erasure.erase(bench.settings, bench.registry, BECAUSE, **more)


def named(bench: Bench) -> dict[str, Delivery]:
    return {one.source_name: one for one in deliveries(bench.settings)}


def bytes_of(bench: Bench, name: str) -> bytes:
    return b"".join(Vault(bench.settings.vault, KEYS.vault).open(f"{named(bench)[name].id}/raw.enc"))


def state(bench: Bench) -> dict[str, Any]:
    """What the present door made of each delivery: every accepted row, link and verdict, and the texts set aside."""
    vault = Vault(bench.settings.vault, KEYS.vault)
    made = {}
    for name, one in named(bench).items():
        tables = {path.name: pl.read_parquet(path).rows() for path in sorted(one.folder.rglob("*.parquet"))}
        made[name] = (one.id, tables, b"".join(vault.open(f"{one.id}/{one.door16}/set_aside.enc")))
    return made


def complaints(bench: Bench) -> list[str]:
    return [one.what for one in doctor.examine(bench.settings, bench.registry) if one.about in ("vault", "landing", "tombstones")]


def test_nothing_of_the_person_is_left_in_the_opened_vault_and_the_others_are_as_they_were(bench: Bench) -> None:
    forget(bench)
    before = state(bench)
    done = erase(bench)
    assert {one["records"] for one in done.rewritten.values()} == {1, 2}
    assert (len(done.rewritten), done.left) == (3, {})
    vault = Vault(bench.settings.vault, KEYS.vault)
    opened = [b"".join(vault.open(path.relative_to(vault.folder).as_posix())) for path in vault.folder.glob("*/**/*.enc")]
    assert len(opened) == 9, "and the earlier admission of who was never named"
    assert not any(sign in content for content in opened for sign in (b"CANARY", b"00000017"))
    assert bytes_of(bench, "sample_1.csv") == (HEADER + f",,,\n\n{KEPT},,,\n5,00000020,5,fine\n").encode()
    assert (bytes_of(bench, "sample_3.csv"), bytes_of(bench, "sample_4.csv")) == (STUB, OTHERS.encode())
    assert state(bench) == before
    assert not any(one.manifest.raw_holds_erased for one in deliveries(bench.settings))
    assert complaints(bench) == []
    assert erase(bench).is_empty


def test_what_lands_again_afterwards_gives_the_same_without_anybody(bench: Bench) -> None:
    """Another contract, so another door, over the files as they are now; the second sending of the bytes is known."""
    forget(bench)
    erase(bench)
    before = state(bench)
    assert land(bench) == [False] * 4
    assert state(bench) == before
    bench.declare(missing="{CANARY: 'not measured'}")
    done = reland_all(bench.settings, bench.registry, received_at=LATER)
    assert [one.problem for one in done] == [None] * 4
    units = {name: one.manifest.counts["units"] for name, one in named(bench).items()}
    assert units["sample_1.csv"] == {"in": 3, "accepted": 2, "set_aside": 1, "erased": 0}
    assert units["sample_3.csv"] == {"in": 0, "accepted": 0, "set_aside": 0, "erased": 0}
    assert [one.manifest.size for one in deliveries(bench.settings) if one.source_name == "sample_3.csv"] == [len(ALONE)]
    rows = {name: [row[:3] for row in tables["sample.parquet"]] for name, (_, tables, _) in state(bench).items()}
    assert rows == {name: [row[:3] for row in tables["sample.parquet"]] for name, (_, tables, _) in before.items()}


def test_the_same_bytes_under_a_later_name_do_not_bring_the_person_back(bench: Bench) -> None:
    forget(bench)
    erase(bench)
    before = bytes_of(bench, "sample_1.csv")
    bench.deliver(SEVERAL, "sample_9.csv")
    assert True in land(bench)
    assert bytes_of(bench, "sample_9.csv") == before
    assert named(bench)["sample_9.csv"].manifest.counts["units"] == {"in": 3, "accepted": 2, "set_aside": 1, "erased": 0}


def test_a_later_person_is_erased_from_what_the_first_one_left(bench: Bench) -> None:
    forget(bench)
    erase(bench)
    forget(bench, "00000018")
    done = erase(bench)
    assert {one["records"] for one in done.rewritten.values()} == {1}
    assert bytes_of(bench, "sample_1.csv") == (HEADER + ",,,\n\n,,,\n,00000019,1,set aside\n,,,\n5,00000020,5,fine\n").encode()
    said = RawFile(Vault(bench.settings.vault, KEYS.vault), KEYS, named(bench)["sample_1.csv"].id).rewritten()
    assert said is not None
    assert (said.positions, said.size, said.tombstone) == ((2, 4, 6), len(SEVERAL), 2)
    assert complaints(bench) == []


@pytest.mark.parametrize("is_second", [False, True])
@pytest.mark.parametrize("place", ["erase.raw_said", "erase.raw_sealed"])
def test_killed_anywhere_the_next_call_ends_it(bench: Bench, monkeypatch: pytest.MonkeyPatch, place: str, *, is_second: bool) -> None:
    bench.deliver(BOTH, "sample_5.csv")
    land(bench)
    if is_second:
        forget(bench, "00000018")
        erase(bench)
    forget(bench)
    before = state(bench)
    both = RawFile(Vault(bench.settings.vault, KEYS.vault), KEYS, named(bench)["sample_5.csv"].id)

    def killed(name: str) -> None:
        said = both.rewritten()
        if name == place and said is not None and said.tombstone == 1 + is_second:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(raw, "fault_point", killed)
        erase(bench)
    assert state(bench) == before
    assert [what for what in complaints(bench) if "broken off" not in what] == []
    assert reland_all(bench.settings, bench.registry, delivery=named(bench)["sample_1.csv"].id, received_at=LATER)[0].problem is None
    assert not erase(bench).is_empty
    assert state(bench) == before
    assert not any(sign in bytes_of(bench, name) for name in named(bench) for sign in (b"CANARY", b"00000017"))
    assert (bytes_of(bench, "sample_5.csv") == STUB) == is_second
    assert complaints(bench) == []
    assert erase(bench).is_empty


def _loses_a_row(chunks: Iterator[bytes]) -> bytes:
    return b"".join(chunks).replace(b"5,00000020,5,fine\n", b"\n").replace(b"1,00000018,2,fine\n", b"\n")


def _keeps_a_record(_: Iterator[bytes]) -> bytes:
    return SEVERAL.encode()


def _keeps_a_number(chunks: Iterator[bytes]) -> bytes:
    return b"".join(chunks).replace(b",,,\n", b",,,00000017\n", 1)


@pytest.mark.parametrize("wrong", [_loses_a_row, _keeps_a_record, _keeps_a_number])
def test_a_file_that_would_come_out_wrong_stays_and_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
    forget(bench)
    whole = rewriting.without
    monkeypatch.setattr(rewriting, "without", lambda *arguments: iter([wrong(whole(*arguments))]))
    done = erase(bench)
    assert named(bench)["sample_1.csv"].id in done.left
    assert bytes_of(bench, "sample_1.csv") == SEVERAL.encode()
    assert named(bench)["sample_1.csv"].manifest.raw_holds_erased


def test_an_identifier_outside_of_the_records_leaves_the_file(bench: Bench) -> None:
    """What a file manager puts into a zip is passed over, and may be called after the person."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("__MACOSX/00000017", "")
        archive.writestr("sample.csv", GOOD)
    bench.deliver(made.getvalue(), "sample_5.csv.zip")
    land(bench)
    forget(bench)
    done = erase(bench)
    assert done.left == {named(bench)["sample_5.csv.zip"].id: "an identifier of an erased record stands in it outside of its records"}
    assert bytes_of(bench, "sample_5.csv.zip") == made.getvalue()


def test_a_refused_file_that_names_the_person_is_named(bench: Bench) -> None:
    bench.deliver(REFUSED, "sample_6.csv")
    bench.deliver(REFUSED.replace("17", "18"), "sample_7.csv")
    land(bench)
    forget(bench)
    assert [id_ for id_, why in erase(bench).left.items() if "refused" in why] == [named(bench)["sample_6.csv"].id]


def test_raw_files_are_kept_where_the_law_wants_it(bench: Bench) -> None:
    forget(bench)
    done = erase(bench, is_raw_kept=True)
    assert (len(done.admissions), done.rewritten) == (3, {})
    assert bytes_of(bench, "sample_1.csv") == SEVERAL.encode()
    assert named(bench)["sample_1.csv"].manifest.raw_holds_erased
    assert len(erase(bench).rewritten) == 3


def test_a_changed_statement_shows_and_nothing_is_read_by_it(bench: Bench) -> None:
    forget(bench)
    erase(bench)
    one = named(bench)["sample_1.csv"]
    path = bench.settings.vault / one.id / "rewritten.json"
    assert path.stat().st_mode & 0o077 == 0
    assert "00000017" not in path.read_text()
    written = json.loads(path.read_text())
    written["rewritten"]["positions"].append(4)
    path.write_text(json.dumps(written))
    assert any("not what was signed" in what for what in complaints(bench))
    bench.declare(missing="{CANARY: 'not measured'}")
    [again] = reland_all(bench.settings, bench.registry, delivery=one.id, received_at=LATER)
    assert "not what was signed" in str(again.problem)


def test_a_file_put_back_from_a_backup_shows(bench: Bench) -> None:
    forget(bench)
    erase(bench)
    Vault(bench.settings.vault, KEYS.vault).seal(f"{named(bench)['sample_3.csv'].id}/raw.enc", [b"something else"])
    assert [what for what in complaints(bench) if "other bytes" in what] != []


def test_the_text_of_an_erased_record_is_not_shown_and_the_others_are(bench: Bench) -> None:
    forget(bench)
    erase(bench)
    one = named(bench)
    for name, first in (("sample_1.csv", 2), ("sample_3.csv", 2)):
        with pytest.raises(CgtError, match=r"erased.*0001\.json"):
            record_text.lines(bench.settings, one[name], first, first)
    assert record_text.lines(bench.settings, one["sample_1.csv"], 4, 4) == ["2,00000018,x,"]
    assert [found.text for found in by_place(bench.settings, bench.registry, one["sample_1.csv"].id, 4)] == ["00000018"]
    with pytest.raises(CgtError, match="no record"):
        by_place(bench.settings, bench.registry, one["sample_1.csv"].id, 2)


def test_the_command_says_what_was_written_and_what_is_left(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.deliver(REFUSED, "sample_6.csv")
    land(bench)
    forget(bench)
    for name, value in {"HOME": bench.settings.home, "DIALECTS": f"={bench.root}/dialects", "PARTNERS": f"={bench.root}/partners"}.items():
        monkeypatch.setenv(f"CGT_{name}", str(value))
    command = ["erase", "--who", "data protection", "--why", "request 17"]
    kept = CliRunner().invoke(cgt_etl, [*command, "--keep-raw"])
    assert (kept.exit_code, "Wrote 0 raw files anew" in kept.output) == (0, True)
    done = CliRunner().invoke(cgt_etl, command)
    assert (done.exit_code, done.exception) == (0, None)
    assert "Wrote 3 raw files anew, without 4 records." in done.output
    assert f"its raw file is left as it is: {named(bench)['sample_6.csv'].id}: it was refused" in done.output


def test_the_tombstone_says_what_was_written(bench: Bench) -> None:
    forget(bench)
    done = erase(bench)
    written = json.loads((bench.settings.tombstones / "0001.json").read_text())["tombstone"]
    assert written["rewritten"] == done.rewritten
    assert "00000017" not in json.dumps(written)
