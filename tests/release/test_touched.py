"""What a night touches, against any history: what is not touched stays, and what grows night by night is what one build gives."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cgt_etl.landing.delivery import Delivery
from cgt_etl.release.plan import build_file
from cgt_etl.release.workspace import prepare
from cgt_etl.settings import Settings
from tests.identity.landed import Id, Row, Sent, coi, land, mrn
from tests.release.work_files import declared_with, grown_to, identified, plan_of, touched_in

pytestmark = pytest.mark.slow


IDS = st.one_of(
    st.builds(mrn, st.sampled_from("12")),
    st.builds(coi, st.sampled_from("12")),
    st.builds(Id, st.just("lot"), st.sampled_from("12")),
)
SENT = st.builds(
    Sent,
    sequence=st.sampled_from(["1", "2", "10"]),
    rows=st.lists(st.builds(Row, st.sampled_from("abc"), st.lists(IDS, max_size=2, unique=True).map(tuple), st.booleans()), max_size=3).map(
        tuple
    ),
    mode=st.sampled_from(["snapshot", "upsert"]),
)


@given(st.lists(SENT, max_size=4, unique_by=lambda one: one.id), st.data())
@hypothesis_settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_not_touched_is_the_same_before_and_after(sent: list[Sent], data: st.DataObject) -> None:
    before, after = ([one for one in sent if data.draw(st.booleans())] for _ in range(2))
    with TemporaryDirectory() as home:
        work, tables = grown_to(Path(home), before, after)
        touched = touched_in(work)
        changed = {one.id for one in before} ^ {one.id for one in after}
        for name in ("record", "identifier", "subject", "conflict"):
            old, new = (
                sorted(map(repr, (row for row in tables[key] if row["component_id"] not in touched))) for key in (f"old {name}", name)
            )
            assert old == new
        assert {f"delivery:{id_}" for id_ in changed} <= touched
        assert not [row for row in tables["record"] if row["source_delivery"] in changed and row["component_id"] not in touched]
        if before == after:
            assert not touched


APART = (
    Sent("1", (Row("a", (mrn("1"),)),), partner="a"),
    Sent("1", (Row("b", (coi("1"),)),), partner="b"),
    Sent("1", (Row("c", (mrn("1"), coi("1"))),), partner="d"),
)
"""Two that share nothing, and a third that joins them."""


def test_a_late_link_touches_the_two_components_that_it_joins_and_nothing_else(tmp_path: Path) -> None:
    patient, donor, other = (
        Sent("1", (Row(key, (one,)),), partner=key) for key, one in (("a", mrn("1")), ("b", coi("1")), ("c", mrn("2")))
    )
    late = Sent("9", (Row("d", (mrn("1"), coi("1"))),), partner="d")
    work, tables = grown_to(tmp_path, [patient, donor, other], [patient, donor, other, late])
    before = {row["source_delivery"]: row["component_id"] for row in tables["old record"]}
    after = {row["source_delivery"]: row["component_id"] for row in tables["record"]}
    assert before[patient.id] != before[donor.id]
    assert after[patient.id] == after[donor.id] == after[late.id]
    assert after[other.id] == before[other.id]
    assert touched_in(work) == {before[patient.id], before[donor.id], after[late.id], f"delivery:{late.id}"}


Held = tuple[str, str]
"""Component, and everything of a row of an identity table."""


def _rows_of(identity: Path) -> set[Held]:
    return {
        (row["component_id"], f"{name} {row!r}")
        for name in ("record", "identifier", "subject", "conflict")
        for row in pq.read_table(identity / f"{name}.parquet").to_pylist()
    }


def _played(home: Path, nights: list[list[Sent]]) -> tuple[set[Held], set[Held]]:
    """What grows night by night as the marts do (the touched are deleted and come again), and one build of everything."""
    settings = Settings(home=home)
    listed: list[Delivery] = []
    grown: set[Held] = set()
    base, before = None, None
    for number, night in enumerate(nights):
        new = [land(settings.landing, one) for one in night]
        listed += new
        identity = identified(settings, listed, f"{number}.identity")
        work = prepare(settings, declared_with(), plan_of(listed, base, [one.id for one in new]), identity, before)
        touched = touched_in(work)
        grown = {row for row in grown if row[0] not in touched} | {row for row in _rows_of(identity) if row[0] in touched}
        base, before = f"{number:04d}-" + "0" * 16, identity
        work.rename(build_file(settings, base))
    return grown, _rows_of(identified(settings, listed, "full.identity"))


@given(st.lists(SENT, max_size=3, unique_by=lambda one: one.id), st.data())
@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_nights_in_any_order_grow_to_what_one_build_gives(sent: list[Sent], data: st.DataObject) -> None:
    order = data.draw(st.permutations([*APART, *sent]))
    of_night = [data.draw(st.integers(0, 2)) for _ in order]
    nights = [[one for one, at in zip(order, of_night, strict=True) if at == night] for night in range(3)]
    with TemporaryDirectory() as home:
        grown, full = _played(Path(home), nights)
    assert grown == full
