"""Merges of numbers: replayed in any order of arrival, undone as if never delivered, and in messages by the standard."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.identifiers import canonicalise
from cgt_etl.door.tokens import Keys, token
from cgt_etl.identity.build import build
from cgt_etl.identity.merges import Stated, replay
from cgt_etl.landing.delivery import deliveries
from cgt_etl.landing.land import land
from cgt_etl.settings import PACKAGE, Settings
from tests.identity.landed import Row, Sent, identity, mrn

pytestmark = pytest.mark.slow

SAYS = ("replaces", "replaces", "replaces", "same", "parted")
STATED = st.lists(
    st.builds(Stated, st.integers(0, 1), st.integers(0, 5), st.integers(0, 5), st.sampled_from(SAYS), st.just(0)), max_size=12
)


def _by_script(stated: Iterable[Stated]) -> tuple[set[frozenset[int]], dict[int, int]]:
    """Oracle: strike what is said again or taken back, then walk through what is left, one statement after the other."""
    listed = [one for one in stated if one.one != one.other]
    left = [
        one
        for place, one in enumerate(listed)
        if one.says != "parted"
        and not any(later.stream == one.stream and {later.one, later.other} == {one.one, one.other} for later in listed[place + 1 :])
    ]
    groups: list[set[int]] = []
    for one in left:
        touching = [group for group in groups if group & {one.one, one.other}]
        groups = [group for group in groups if group not in touching] + [{one.one, one.other}.union(*touching)]
    stands: dict[int, int] = {}
    for one in (one for one in left if one.says == "replaces"):
        stands = {number: after for number, after in stands.items() if number != one.one} | {one.other: one.one}
    ends = {}
    for number in stands:
        end = number
        while end in stands:
            end = stands[end]
        ends[number] = end
    return {frozenset(group) for group in groups}, ends


@given(STATED)
@settings(max_examples=400, deadline=None)
def test_replay_equals_a_plain_script(stated: list[Stated]) -> None:
    stated = sorted(stated, key=lambda one: one.stream)
    found = replay(stated)
    groups, ends = _by_script(stated)
    joined: list[set[int]] = []
    for one in found.standing:
        touching = [group for group in joined if group & {one.one, one.other}]
        joined = [group for group in joined if group not in touching] + [{one.one, one.other}.union(*touching)]
    assert {frozenset(group) for group in joined} == groups
    assert found.survivor == ends


NUMBERS = "12345"
MESSAGES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(NUMBERS), st.sampled_from(NUMBERS), st.sampled_from(SAYS), st.booleans()), max_size=7
)


def _sent(messages: Iterable[tuple[int, tuple[str, str, str, str, bool]]]) -> list[Sent]:
    """A nightly file with each message; and one with a record of each number."""
    known = Sent("0", tuple(Row(f"known {value}", (mrn(value),)) for value in NUMBERS))
    return [
        known,
        *(
            Sent(str(night), (Row(key, states=(mrn(one), says, mrn(other)), is_retracted=is_retracted),))
            for night, (key, one, other, says, is_retracted) in messages
        ),
    ]


@given(MESSAGES, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_merges_in_any_order_of_arrival_give_the_persons_of_the_script(
    messages: list[tuple[str, str, str, str, bool]], chance: random.Random
) -> None:
    sent = _sent(enumerate(messages, start=1))
    chance.shuffle(sent)
    latest = {message[0]: (night, message) for night, message in enumerate(messages, start=1)}
    standing = sorted((night, message) for night, message in latest.values() if not message[4])
    groups, ends = _by_script(Stated(0, int(one), int(other), says, 0) for _, (_, one, other, says, _) in standing)
    with TemporaryDirectory() as home:
        built = identity(Path(home) / "all", *sent)
        subject = {value: built.subject_of(mrn(value)) for value in NUMBERS}
        for one in NUMBERS:
            for other in NUMBERS:
                is_one = one == other or any({int(one), int(other)} <= group for group in groups)
                assert (subject[one] == subject[other]) == is_one
            end = built.identifier(mrn(str(ends[int(one)])))["release_token"] if int(one) in ends else None
            assert built.identifier(mrn(one))["superseded_by"] == end
        assert built["conflict"] == []
        undone = identity(Path(home) / "undone", *_sent(standing))  # what was retracted or corrected was never delivered
        for table in ("identifier", "subject", "conflict"):
            assert undone.bytes[f"{table}.parquet"] == built.bytes[f"{table}.parquet"]


MERGED = Path(__file__).resolve().parents[3] / "shared" / "real" / "hl7v2_msfhirconverter" / "ADT-A40-01.hl7"
HEADER = "MSH|^~\\&|ADT|HOSPB|V2V|PLATFORM|{day}||ADT^{event}|{day}|P|2.5\rEVN|{event}|{day}\r"
TWO = HEADER + "PID|1||{one}^^^HOSPB^MR\rPID|2||{other}^^^HOSPB^MR\r"


class Hospital:
    """Harbor Hospital's nightly files of patients, landed through the real door."""

    def __init__(self, home: Path) -> None:
        key_file = home / "key"
        key_file.write_text("A" * 43 + "=", encoding="ascii")
        paths = (PACKAGE / "partners",)
        self.settings = Settings(home=home / "cgt", master_key_file=key_file, partner_paths=paths)
        self.home, self.registry = home, Registry.load(self.settings)
        self.binding = self.registry.binding("harbor_hospital", "patient")
        self.keys = Keys(self.settings.master_key)

    def sends(self, day: str, message: str | Path) -> None:
        path = self.home / f"adt_{day}.hl7"
        if isinstance(message, Path):
            shutil.copy(message, path)
        else:
            path.write_text(message, encoding="utf-8", newline="")
        result = land(self.settings, self.registry, self.binding, path, datetime(2025, 11, 2, tzinfo=UTC))
        assert result

    def person(self, number: str) -> tuple[str | None, bool]:
        """Whom the number names, and whether another stands for it."""
        found = build(self.settings, self.registry, deliveries(self.settings), self.keys, self.home / "identity")
        column = next(one for one in self.binding.feed.objects[0].columns if one.name == "mrn")
        issuer = self.binding.issuer_of(column)
        canonical = canonicalise("mrn", number, self.registry.canonical_form("mrn", issuer))
        partner_token = token(self.keys.partner(self.binding.partner.token_key), "mrn", issuer, canonical)
        rows = pq.read_table(found.folder / "identifier.parquet").to_pylist()
        [row] = [row for row in rows if row["partner_token"] == partner_token]
        return row["subject_id"], row["superseded_by"] is not None


def test_two_records_are_linked_by_a24_and_unlinked_by_a37(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path)
    hospital.sends("20251101", TWO.format(day="20251101", event="A24", one="0044-19", other="0044-20"))
    assert hospital.person("0044-19") == hospital.person("0044-20") == (hospital.person("0044-19")[0], False)
    hospital.sends("20251103", TWO.format(day="20251103", event="A37", one="0044-20", other="0044-19"))
    assert hospital.person("0044-19")[0] != hospital.person("0044-20")[0]
    hospital.sends("20251102", TWO.format(day="20251102", event="A24", one="0044-19", other="0044-20"))  # comes late, and is older
    assert hospital.person("0044-19")[0] != hospital.person("0044-20")[0]


@pytest.mark.real
@pytest.mark.skipif(not MERGED.is_file(), reason="../shared/real is not there")
def test_a_third_partys_merge_behaves_as_the_standard_says(tmp_path: Path) -> None:
    """The number in MRG is no more and its person is PID's; what else is known of either is one person's; a later merge back undoes it."""
    said = MERGED.read_text(encoding="utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    stays, gone = (
        next(line for line in said if line.startswith(name)).split("|")[at].split("^")[0] for name, at in (("PID", 3), ("MRG", 1))
    )
    hospital = Hospital(tmp_path)
    known = HEADER.format(day="20190101", event="A08") + f"PID|1||{gone}^^^BCBS^MR~7654321^^^CIBMTR^RRI\r"
    hospital.sends("20190101", known)
    before = hospital.person(gone)
    hospital.sends("20190423", MERGED)
    assert hospital.person(gone) == (hospital.person(stays)[0], True)
    assert hospital.person(stays) == (hospital.person(gone)[0], False)
    back = HEADER.format(day="20190424", event="A40") + f"PID|1||{gone}^^^BCBS^MR\rMRG|{stays}^^^BCBS^MR\r"
    hospital.sends("20190424", back)
    assert hospital.person(gone) == (hospital.person(stays)[0], False)
    assert hospital.person(stays)[1]
    assert before[1] is False
