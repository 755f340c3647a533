"""What a person types is read as the door reads what is delivered: one donation, however it is printed, is one token."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.identifiers import mod_37_2
from cgt_etl.door.tokens import Keys, release_token, token
from cgt_etl.errors import CgtError
from cgt_etl.genealogy.asked import Reading, is_id, readings
from cgt_etl.settings import Settings

DIN = "A999925000017"
K = mod_37_2(DIN)
KEYS = Keys(bytes(32))
ISSUER = "orchard_cell_therapies"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(Settings(Path("unused")))


def _reading(kind: str, value: str, issuer: str = "") -> Reading:
    linkage_token = token(KEYS.linkage, kind, issuer, value)
    return Reading(kind, issuer, release_token(KEYS.release, linkage_token), linkage_token)


@pytest.mark.parametrize(
    "typed",
    [DIN, DIN.lower(), f"A9999 25 000017 {K}", f"={DIN}00", f"{DIN}00{K}", f" {DIN} 00 {K} ", f"urn:din:{DIN}"],
)
def test_a_donation_is_one_token_however_it_is_printed(typed: str, registry: Registry) -> None:
    read, _ = readings(registry, KEYS, typed)
    assert _reading("din", DIN) in read
    assert not [one for one in read if one.kind == "bag"]


@pytest.mark.parametrize(
    ("typed", "code", "division"),
    [
        (f"{DIN} A0001100", "A0001", "00"),
        (f"={DIN}00=<A0001100", "A0001", "00"),
        (f"A9999 25 000017 {K} A0001 B1", "A0001", "B1"),
        (f"{DIN}A0001", "A0001", None),
        (f"{DIN}/a00011Aa", "A0001", "Aa"),
        (f"urn:din:{DIN}:A0001:0A", "A0001", "0A"),
        (f"{DIN}-0A", None, "0A"),
    ],
)
def test_a_bag_is_its_donation_with_code_and_division(typed: str, code: str | None, division: str | None, registry: Registry) -> None:
    read, _ = readings(registry, KEYS, typed)
    assert [one for one in read if one.kind in ("din", "bag")] == [
        replace(_reading("din", DIN), kind="bag", product_code=code, division=division)
    ]


def test_a_donation_can_be_asked_for_by_any_of_its_bags(registry: Registry) -> None:
    assert readings(registry, KEYS, f"{DIN}-0A", kind="din") == ([_reading("din", DIN)], [])


def test_a_lot_is_read_under_every_issuer_or_the_one_that_is_named(registry: Registry) -> None:
    read, unlike = readings(registry, KEYS, "v-26-0007")
    assert unlike == ["din"]
    assert {(one.kind, one.issuer) for one in read} >= {("lot", ISSUER), ("batch", ISSUER), ("material_lot", ISSUER)}
    assert len({one.issuer for one in read if one.kind == "material_lot"}) > 1
    only, _ = readings(registry, KEYS, "v-26-0007", kind="material_lot", partner=ISSUER)
    assert only == [_reading("material_lot", "V-26-0007", ISSUER)]


@pytest.mark.parametrize(
    ("typed", "narrowed"),
    [
        (f"{DIN}{'0' if K != '0' else '1'}", {"kind": "din"}),
        ("secret-9", {"partner": "nobody", "kind": "lot"}),
        ("secret-9", {"kind": "bag"}),
    ],
)
def test_a_wrong_number_or_issuer_is_told_without_the_number(typed: str, narrowed: dict[str, str], registry: Registry) -> None:
    with pytest.raises(CgtError) as told:
        readings(registry, KEYS, typed, **narrowed)
    assert typed not in str(told.value)
    assert DIN not in str(told.value)


def test_ids_of_a_release_are_told_from_numbers() -> None:
    assert is_id("0" * 32)
    assert is_id(" s" + "a" * 32)
    assert not is_id(DIN)
