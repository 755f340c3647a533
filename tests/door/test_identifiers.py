"""Identifiers: the domain's test vectors, independent oracles, and one canonical form whatever the way of writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean
from stdnum.iso7064 import mod_37_2 as oracle

from cgt_etl.contracts.model import CanonicalForm
from cgt_etl.door.identifiers import NotCanonical, canonicalise, mod_10, mod_37_2

VECTORS = [
    ("G123417654321", "A", "70"),
    ("G123498654321", "H", "77"),
    ("G123489654321", "Y", "94"),
    ("A999921123456", "3", "63"),
    ("W000022000687", "S", "88"),
    ("G101610840386", "3", "63"),
]
DINS = st.from_regex(r"[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{10}", fullmatch=True)
DIGITS = "0123456789"


def is_refused(kind: str, text: str, **given: object) -> bool:
    try:
        canonicalise(kind, text, **given)  # type: ignore[arg-type]
    except NotCanonical as refused:
        assert len(text.strip()) < 3 or text not in str(refused).replace(kind, "")
        return True
    return False


@pytest.mark.parametrize(("din", "key", "flags"), VECTORS)
def test_vectors_of_the_din(din: str, key: str, flags: str) -> None:
    assert mod_37_2(din) == key
    assert int(flags) == 60 + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*".index(key)
    spaced = f"{din[:5]} {din[5:7]} {din[7:]}"
    written = [
        din,
        din + key,
        din + flags,
        f"={din}{flags}",
        f"={din}00",
        spaced,
        f"{spaced} {key}",
        f" {din.lower()} ",
        f"{din}{flags}{key}",
        f"{din}-A0",
        f"urn:din:{din}",
        f"urn:din:{din}:S1194:A0",
    ]
    assert {canonicalise("din", text) for text in written} == {din}
    wrong = "B" if key != "B" else "C"
    assert is_refused("din", din + wrong)
    assert is_refused("din", f"urn:din:{din}:S1194:A0:9")
    assert is_refused("din", din + f"{60 + (int(flags) - 59) % 37:02d}")


@pytest.mark.parametrize(
    "text", ["", "A9999", "O123417654321", "A99992112345O", "9.99925E+12", "A9999211234567890", "A99992112345٣", "=", "A999921123456\n4"]
)
def test_what_is_no_din(text: str) -> None:
    assert is_refused("din", text)


@given(DINS)
def test_mod_37_2_against_stdnum(din: str) -> None:
    assert mod_37_2(din) == oracle.calc_check_digit(din)
    assert canonicalise("din", din + mod_37_2(din)) == din


@given(DINS, st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"))
def test_only_the_right_check_character_passes(din: str, key: str) -> None:
    assert is_refused("din", din + key) == (not oracle.is_valid(din + key))


def test_grid() -> None:
    assert canonicalise("grid", "9999 0000 0000 1234 518") == "9999000000001234518"
    assert is_refused("grid", "9999000000001234519")
    assert is_refused("grid", "0999000000001234518")


@given(st.from_regex(r"[1-9][0-9]{3}[A-Z0-9]{13}", fullmatch=True))
def test_grid_checksum_against_stdnum(body: str) -> None:
    right = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*".index(oracle.calc_check_digit(body))  # a GRID writes the character's value
    assert canonicalise("grid", f"{body}{right:02d}") == f"{body}{right:02d}"
    assert is_refused("grid", f"{body}{(right + 1) % 37:02d}")


@given(st.text(DIGITS, min_size=17, max_size=17))
def test_gs1_against_stdnum(body: str) -> None:
    assert mod_10(body[:12]) == ean.calc_check_digit(body[:12])
    sscc = body + mod_10(body)
    assert canonicalise("sscc", f"(00){sscc}") == canonicalise("sscc", sscc) == sscc
    assert is_refused("sscc", body + str((int(sscc[-1]) + 1) % 10))
    assert canonicalise("gtin", body[:13] + mod_10(body[:13]))
    assert canonicalise("gln", body[:12] + mod_10(body[:12]))


def test_a_thing_is_one_by_its_epc_uri_and_by_its_digital_link() -> None:
    for uri, link in [
        ("urn:epc:id:sgtin:4012345.011111.9876", "https://id.gs1.org/01/04012345111118/21/9876"),
        ("urn:epc:id:sgtin:4012345.011111.a%2Fb", "https://example.com/some/where/01/04012345111118/21/a%2Fb?x=1"),
        ("urn:epc:class:lgtin:4012345.022222.87545GHGH", "https://id.gs1.org/01/04012345222227/10/87545GHGH"),
        ("urn:epc:idpat:sgtin:4012345.044444.*", "https://id.gs1.org/01/04012345444445"),
        ("urn:epc:id:sscc:4012345.0000000333", "https://id.gs1.org/00/040123450000003338"),
        ("urn:epc:id:giai:4000001.111", "https://id.gs1.org/8004/4000001111"),
        ("urn:epc:id:grai:4012345.55555.98765", "https://id.gs1.org/8003/0401234555555498765"),
        ("urn:epc:id:sgln:4012345.00011.987", "https://id.gs1.org/414/4012345000115/254/987"),
        ("urn:epc:id:sgln:4012345.00011.0", "https://id.gs1.de/414/4012345000115"),
        ("urn:epc:id:pgln:4012345.00011", "https://id.gs1.de/417/4012345000115/"),
    ]:
        assert canonicalise("epc", uri) == canonicalise("epc", link), uri
    assert canonicalise("epc", "urn:epc:id:gsrn:4012345.9876540000") == "urn:epc:id:gsrn:4012345.9876540000"
    assert canonicalise("epc", "https://example.com/things/7") == "https://example.com/things/7"
    assert is_refused("epc", "container 7")


def test_keys_in_a_digital_link_are_read() -> None:
    assert canonicalise("sscc", "https://id.gs1.org/00/099999990000000423") == "099999990000000423"
    assert canonicalise("gln", "https://id.gs1.org/417/4012345000115") == canonicalise("gln", "urn:epc:id:pgln:4012345.00011")
    assert canonicalise("lot", "https://id.gs1.org/01/09999999123454/10/C8-B25%2F0101") == "C8-B25/0101"
    assert canonicalise("logger", "https://id.gs1.org/8004/9999999LT88213", CanonicalForm(strip_prefix="9999999")) == "LT88213"
    assert is_refused("sscc", "https://id.gs1.org/01/09999999123454")
    assert is_refused("sscc", "https://id.gs1.org/00/099999990000000429")


def test_epc_uris_get_their_check_digit() -> None:
    assert canonicalise("sscc", "urn:epc:id:sscc:9999999.0000000042") == "099999990000000423"
    assert canonicalise("gln", "urn:epc:id:pgln:9999999.00001") == "999999900001" + mod_10("999999900001")
    assert canonicalise("gln", "urn:epc:id:sgln:9999999.00001.0") == canonicalise("gln", "urn:epc:id:pgln:9999999.00001")
    assert canonicalise("gtin", "urn:epc:id:sgtin:9999999.012345") == "09999999123450"
    assert canonicalise("gtin", "9999999000003") == "09999999000003"
    assert canonicalise("lot", "urn:epc:class:lgtin:9999999.012345.C8-B25%2F0101") == canonicalise("lot", "C8-B25/0101")
    assert canonicalise("logger", "urn:epc:id:giai:9999999.LT88213") == canonicalise("logger", "lt88213") == "LT88213"
    assert is_refused("sscc", "urn:epc:id:sscc:9999999.42")
    assert is_refused("gln", "urn:epc:id:sscc:9999999.0000000042")


@pytest.mark.parametrize("text", ["176-12345675", "020-81140743", "17612345675", "176-1234 5675"])
def test_air_waybill(text: str) -> None:
    digits = text.replace("-", "").replace(" ", "")
    assert canonicalise("awb", text) == f"{digits[:3]}-{digits[3:]}"


@pytest.mark.parametrize("text", ["176-12345674", "176-1234567", "AAA-12345675"])
def test_what_is_no_air_waybill(text: str) -> None:
    assert is_refused("awb", text)


def test_product_code_and_division() -> None:
    assert canonicalise("product_code", " S1128100 ") == "S1128100"
    assert canonicalise("product_code", "S1128") == "S1128"
    assert canonicalise("product_code", "=<s1128VAa") == "S1128VAa"
    assert canonicalise("division", "Aa") == "Aa" != canonicalise("division", "AA")
    for text in ["S112", "S11281", "S112810", "11128100", "S1128-00"]:
        assert is_refused("product_code", text), text
    for text in ["0", "A", "A00", "Ä0"]:
        assert is_refused("division", text), text


def test_chain_of_identity() -> None:
    assert canonicalise("coi", "CHA99992500A1B2") == "CHA99992500A1B2"
    assert is_refused("coi", "J-0098-221")
    assert canonicalise("coi", " j-0098-221", patterns=[r"J-\d{4}-\d{3}"]) == "J-0098-221"
    assert is_refused("coi", "J-0098-221-7", patterns=[r"J-\d{4}-\d{3}"])


def test_issuers_form() -> None:
    eight = CanonicalForm(zero_pad=8)
    assert {canonicalise("mrn", text, eight) for text in ["123456", "00123456", " 0000123456 "]} == {"00123456"}
    assert canonicalise("mrn", "0044-19", CanonicalForm(strip="- ")) == "004419"
    reference = CanonicalForm(strip_prefix="Patient/", upper=False)
    assert canonicalise("fhir_patient_id", "Patient/p-100", reference) == canonicalise("fhir_patient_id", "p-100", reference) == "p-100"
    assert is_refused("mrn", " - ", form=CanonicalForm(strip="-"))


@given(
    st.text(max_size=12),
    st.builds(CanonicalForm, strip=st.text("-./ A0ß", max_size=3), zero_pad=st.none() | st.integers(1, 10), upper=st.booleans()),
)
def test_a_form_is_idempotent(text: str, form: CanonicalForm) -> None:
    if not is_refused("mrn", text, form=form):
        once = canonicalise("mrn", text, form)
        if not is_refused("mrn", once, form=form):
            assert canonicalise("mrn", once, form) == once


@given(st.sampled_from(["din", "grid", "coi", "sscc", "gtin", "gln", "awb", "product_code", "division"]), st.text(max_size=20))
def test_no_text_breaks_a_kind(kind: str, text: str) -> None:
    if not is_refused(kind, text):
        once = canonicalise(kind, text)
        assert canonicalise(kind, once) == once
