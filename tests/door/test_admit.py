"""Through the door: what each fault does to its cell or row, what is tokenised, erased, retracted, and counts that are exact."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.accepted import accepted_tables
from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.door.admit import Admission
from cgt_etl.door.tokens import token
from cgt_etl.errors import DeclarationError
from tests.door.build import KEYS, binding, csv_file, through, verdicts
from tests.extract.build import column, table

TOKEN: dict[str, Any] = {"cast": "identifier", "privacy": "direct", "action": "token"}
DATE: dict[str, Any] = {"cast": "date", "formats": ["%m/%d/%Y", "%m/XX/%Y"], "privacy": "date"}
TIME: dict[str, Any] = {"cast": "time", "formats": ["%H:%M"], "privacy": "date"}
APHERESIS = table(
    "apheresis",
    column("din", "DIN", position=1, required=True, rules=[("R01", "din", {})], **(TOKEN | {"identifier": "din"})),
    column("mrn", "MRN", identifier="mrn", person="recipient", **TOKEN),
    column("donor", "DONOR", identifier="grid", person="donor", rules=[("R02", "grid", {})], **TOKEN),
    column("day", "DAY", required=True, **(DATE | {"key": True})),
    column("begin", "BEGIN", **TIME),
    column("end", "END", **TIME),
    column("sex", "SEX", cast="code", code_map="sex"),
    column("hgb", "HGB", cast="measured", comparators=True, measurement={"name": "pb_hgb", "unit": "g/dL"}, missing={"ND": "not_done"}),
    column("device", "DEVICE", required=True),
    column("name", "NAME", privacy="direct", action="drop", reason="a name"),
    instants=[
        {"name": "started", "date": "day", "time": "begin", "key": True},
        {"name": "ended", "date": "day", "time": "end", "not_before": "started"},
    ],
)
GOOD = ["A999921123456", "123456", "", "11/10/2025", "08:20", "12:05", "female", "11.2", "Optia", "CANARY NAME"]
PLACES = {spec.name: place for place, spec in enumerate(APHERESIS.columns)}


def row(**changes: str) -> list[str]:
    return [changes.get(name, text) for (name, text) in zip(PLACES, GOOD, strict=True)]


def admitted(path: Path, *rows: list[str], suppressed: tuple[str, ...] = ()) -> Admission:
    return through(binding(APHERESIS), csv_file(path / "f.csv", APHERESIS, rows), suppressed)


def one(admission: Admission, name: str = "apheresis") -> dict[str, Any]:
    [found] = admission.tables[name].to_dicts()
    return found


def everything_but_the_vault(admission: Admission) -> str:
    frames = [*admission.tables.values(), admission.links, admission.verdicts]
    return json.dumps([frame.to_dict(as_series=False) for frame in frames], default=str) + json.dumps(admission.counts)


def test_a_good_row(tmp_path: Path) -> None:
    admission = admitted(tmp_path, row())
    got = one(admission)
    partner = KEYS.partner("northgate-1")
    assert got["din"] == token(partner, "din", "", "A999921123456")
    assert got["mrn"] == token(partner, "mrn", "northgate", "00123456")
    assert (got["started_local"], str(got["started_at_utc"]), got["started_zone_source"]) == (
        "2025-11-10T08:20",
        "2025-11-10 13:20:00",
        "site",
    )
    assert (got["hgb"], got["hgb__comparator"], got["hgb__raw"]) == (11.2, None, "11.2")
    assert (got["source_row"], got["source_item"], got["site"], got["is_retracted"]) == (2, 0, "northgate.main", False)
    assert len(got["record_key"]) == 32
    assert (admission.verdicts.height, admission.set_aside) == (0, [])
    assert admission.counts["units"] == {"in": 1, "accepted": 1, "set_aside": 0, "erased": 0}
    assert admission.counts["cells"] == {"in": 10, "accepted": 10, "set_aside": 0, "erased": 0, "dropped": 1, "tokenised": 2, "missing": 1}
    for secret in ("A999921123456", "123456", "CANARY"):
        assert secret not in everything_but_the_vault(admission)


def test_tables_have_the_shape_that_the_build_reads(tmp_path: Path) -> None:
    for admission in (admitted(tmp_path, row()), admitted(tmp_path)):
        for name, schema in accepted_tables(APHERESIS).items():
            arrow = admission.tables[name].to_arrow(compat_level=pl.CompatLevel.oldest()).schema
            assert arrow.names == schema.names
            assert [str(kind).removeprefix("large_") for kind in arrow.types] == [str(kind) for kind in schema.types]


def test_links_carry_both_tokens(tmp_path: Path) -> None:
    links = admitted(tmp_path, row()).links.sort("column").to_dicts()
    assert [(link["column"], link["kind"], link["issuer"], link["person"]) for link in links] == [
        ("din", "din", "", None),
        ("mrn", "mrn", "northgate", "recipient"),
    ]
    assert links[1]["linkage_token"] == token(KEYS.linkage, "mrn", "northgate", "00123456") != links[1]["partner_token"]


@pytest.mark.parametrize(
    ("changes", "column_name", "rule"),
    [
        ({"din": "A9999211234564"}, "din", "R01"),
        ({"din": "CANARY"}, "din", "R01"),
        ({"din": ""}, "din", "D03"),
        ({"donor": "9999000000001234519"}, "donor", "R02"),
        ({"day": "13/40/2025"}, "day", "D02"),
        ({"day": ""}, "day", "D03"),
        ({"begin": "25:99"}, "begin", "D02"),
        ({"day": "03/09/2025", "begin": "02:30"}, "begin", "R25"),
    ],
)
def test_faults_of_key_cells_and_identifiers_set_the_row_aside(
    tmp_path: Path, changes: dict[str, str], column_name: str, rule: str
) -> None:
    admission = admitted(tmp_path, row(), row(**changes))
    assert (3, column_name, rule, "row") in verdicts(admission)
    assert admission.tables["apheresis"]["source_row"].to_list() == [2]
    assert admission.links["source_row"].unique().to_list() == [2]
    [aside] = admission.set_aside
    assert (aside.position, aside.column, aside.rule) == (3, None, rule)
    assert json.loads(aside.text) == dict(zip(PLACES, row(**changes), strict=True))
    assert admission.counts["units"] == {"in": 2, "accepted": 1, "set_aside": 1, "erased": 0}
    assert admission.counts["cells"]["set_aside"] == 10


@pytest.mark.parametrize(
    ("changes", "column_name", "rule"),
    [
        ({"sex": "CANARY"}, "sex", "D04"),
        ({"hgb": "CANARY"}, "hgb", "D02"),
        ({"hgb": "1_1"}, "hgb", "D02"),
        ({"end": "CANARY"}, "end", "D02"),
        ({"day": "03/08/2025", "begin": "22:00", "end": "02:30"}, "end", "R25"),
        ({"mrn": "  -  "}, None, None),
    ],
)
def test_other_unreadable_cells_are_set_aside_alone(
    tmp_path: Path, changes: dict[str, str], column_name: str | None, rule: str | None
) -> None:
    admission = admitted(tmp_path, row(**changes))
    got = one(admission)
    if column_name is None:
        assert verdicts(admission) == []
        return
    assert verdicts(admission) == [(2, column_name, rule, "cell")]
    assert (got[column_name], got[f"{column_name}__raw"], got[f"{column_name}__status"]) == (None, None, "set_aside")
    [aside] = admission.set_aside
    assert (aside.column, aside.rule, aside.text) == (column_name, rule, changes[column_name])
    assert admission.counts["cells"]["set_aside"] == 1
    assert "CANARY" not in everything_but_the_vault(admission)


@pytest.mark.parametrize(
    ("changes", "column_name", "rule"),
    [
        ({"device": ""}, "device", "D03"),
        ({"hgb": "112"}, "hgb", "D07"),
        ({"day": "11/XX/2025"}, "day", "D06"),
        ({"day": "11/02/2025", "begin": "01:30"}, "begin", "R25"),
        ({"begin": ""}, "begin", "D06"),
    ],
)
def test_flags_keep_the_cell(tmp_path: Path, changes: dict[str, str], column_name: str, rule: str) -> None:
    admission = admitted(tmp_path, row(**changes))
    assert verdicts(admission) == [(2, column_name, rule, "flag")]
    assert one(admission)[f"{column_name}__raw"] == changes[column_name]
    assert admission.set_aside == []


def test_ambiguous_and_partial_instants(tmp_path: Path) -> None:
    admission = admitted(tmp_path, row(day="11/02/2025", begin="01:30"), row(day="11/XX/2025"), row(begin="", end=""))
    found = admission.tables["apheresis"].select("^started_.*$")
    assert found["started_at_utc"].to_list() == [None, None, None]
    assert found["started__status"].to_list() == ["ambiguous", "partial", "partial"]
    assert found["started_local"].to_list() == ["2025-11-02T01:30", "2025-11", "2025-11-10"]
    assert found["started_precision"].to_list() == ["minute", "month", "day"]
    assert found["started_zone_source"].to_list() == ["site", "none", "none"]
    assert admission.tables["apheresis"]["ended__status"].to_list() == ["ok", "partial", "missing"]


def test_declared_meanings_are_kept(tmp_path: Path) -> None:
    admission = admitted(tmp_path, row(hgb="ND"), row(hgb="<4"))
    found = admission.tables["apheresis"]
    assert found["hgb__status"].to_list() == ["not_done", "ok"]
    assert found["hgb__raw"].to_list() == ["ND", "<4"]
    assert found["hgb__comparator"].to_list() == [None, "<"]


def test_the_same_key_twice_is_flagged(tmp_path: Path) -> None:
    admission = admitted(tmp_path, row(), row(din="=A999921123456 00"), row(din="A999925000101"))
    assert verdicts(admission) == [(3, None, "D08", "flag")]
    keys = admission.tables["apheresis"]["record_key"].to_list()
    assert keys[0] == keys[1] != keys[2]


def test_wrong_field_count_is_counted(tmp_path: Path) -> None:
    admission = admitted(tmp_path, row(), ["CANARY", "x"], row())
    assert (3, None, "D01", "row") in verdicts(admission)
    assert admission.counts["units"] == {"in": 3, "accepted": 2, "set_aside": 1, "erased": 0}
    assert admission.counts["rows"]["apheresis"]["in"] == 3
    assert admission.counts["cells"]["in"] == 30
    assert admission.set_aside[0].text == "CANARY,x"


def test_suppressed_persons_leave_no_trace(tmp_path: Path) -> None:
    suppressed = (token(KEYS.linkage, "mrn", "northgate", "00777777"),)
    broken = [["CANARY", "777777"], ["CANARY", "00777777^^^NORTH^MR"], ["CANARY", "Patient/777777-a"]]
    rows = [row(), row(mrn="777777", sex="CANARY"), row(mrn="777777", din="CANARY"), *broken]
    admission = admitted(tmp_path, *rows, suppressed=suppressed)
    assert admission.counts["units"] == {"in": 6, "accepted": 1, "set_aside": 0, "erased": 5}
    assert admission.counts["cells"]["erased"] == 50
    assert (admission.set_aside, verdicts(admission)) == ([], [])
    assert admission.links["source_row"].unique().to_list() == [2]


TEXTS = {
    "din": st.sampled_from(["A999921123456", "A9999211234563", "A999921123456X", "", "A999925000101"]),
    "mrn": st.sampled_from(["1", "777777", "", "CANARY-1"]),
    "donor": st.sampled_from(["", "9999000000001234518", "9999000000001234519"]),
    "day": st.sampled_from(["11/02/2025", "03/09/2025", "11/XX/2025", "CANARY", ""]),
    "begin": st.sampled_from(["01:30", "02:30", "23:00", "", "CANARY"]),
    "end": st.sampled_from(["01:10", "02:30", "", "CANARY"]),
    "sex": st.sampled_from(["male", "CANARY", ""]),
    "hgb": st.sampled_from(["11.2", "<4", "112", "ND", "CANARY", ""]),
    "device": st.sampled_from(["Optia", ""]),
    "name": st.sampled_from(["CANARY NAME", ""]),
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(TEXTS) | st.just({"din": "CANARY"}), max_size=12))
def test_nothing_is_lost_and_no_value_gets_out(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    suppressed = (token(KEYS.linkage, "mrn", "northgate", "00777777"),)
    admission = admitted(tmp_path, *([texts[name] for name in TEXTS if name in texts] for texts in rows), suppressed=suppressed)
    counts = admission.counts
    assert counts["units"]["in"] == len(rows)
    assert counts["cells"]["in"] == 10 * len(rows)
    for tally in (counts["units"], counts["cells"], *counts["rows"].values()):
        assert tally["in"] == tally["accepted"] + tally["set_aside"] + tally["erased"]
    accepted = admission.tables["apheresis"]
    aside = [one.position for one in admission.set_aside if one.column is None]
    assert len(accepted) + len(aside) + counts["units"]["erased"] == len(rows)
    assert not set(accepted["source_row"]) & set(aside)
    cells = [one for one in admission.set_aside if one.column is not None]
    assert len(cells) == sum(int((accepted[f"{name}__status"] == "set_aside").sum()) for name in PLACES if name != "name")
    assert "CANARY" not in everything_but_the_vault(admission)


def test_a_site_in_no_zone_is_a_declaration_error(tmp_path: Path) -> None:
    of = binding(APHERESIS)
    lost = replace(of, site=of.site.model_copy(update={"zone": "Nowhere/Land"}))
    with pytest.raises(DeclarationError) as refused:
        through(lost, csv_file(tmp_path / "f.csv", APHERESIS, [row()]))
    assert refused.value.rule == "R25"


def test_order_of_rows_changes_no_row(tmp_path: Path) -> None:
    rows = [row(din="A999925000101"), row(), row(hgb="x")]
    first, second = admitted(tmp_path, *rows), admitted(tmp_path, *reversed(rows))
    facts = [name for name in first.tables["apheresis"].columns if name != "source_row"]
    assert first.tables["apheresis"].select(facts).sort(facts).equals(second.tables["apheresis"].select(facts).sort(facts))


def rule_case(tmp_path: Path, columns: list[ColumnSpec], rows: list[list[str]]) -> Admission:
    spec: ObjectSpec = table("sample", column("id", "ID", position=1), *columns)
    return through(binding(spec), csv_file(tmp_path / "f.csv", spec, [[str(place), *cells] for place, cells in enumerate(rows)]))


@pytest.mark.parametrize(
    ("rule", "extension", "good", "bad"),
    [
        (("Q1", "range", {"low": 0, "high": 10}), {"cast": "decimal"}, "10", "10.5"),
        (("Q1", "range", {"low": 0}), {"cast": "integer"}, "0", "-1"),
        (("Q1", "one_of", {"values": ["a", "b"]}), {}, "a", "CANARY"),
        (("Q1", "pattern", {"pattern": "[A-Z]{2}"}), {}, "AB", "ABC"),
        (("R39", "measured", {}), {"cast": "measured", "comparators": True}, "<0.25", "CANARY"),
        (("R03", "awb", {}), {"cast": "identifier", "identifier": "awb"}, "176-12345675", "176-12345674"),
    ],
)
def test_checks_by_name(tmp_path: Path, rule: tuple[str, str, dict[str, Any]], extension: dict[str, Any], good: str, bad: str) -> None:
    admission = rule_case(tmp_path, [column("x", "X", rules=[rule], **extension)], [[good], [bad], [""]])
    assert [(position, broken) for position, _, broken, _ in verdicts(admission)] == [(3, rule[0])]


def test_a_grade_has_its_scale(tmp_path: Path) -> None:
    grade = column("grade", "GRADE", cast="integer", missing={"97": "not_assessed"}, rules=[("R42", "scale_stated", {"scale": "scale"})])
    admission = rule_case(tmp_path, [grade, column("scale", "SCALE")], [["2", "ASTCT"], ["2", ""], ["97", ""], ["", ""]])
    assert verdicts(admission) == [(3, "grade", "R42", "cell")]
    alone = column("grade", "GRADE", cast="integer", missing={"97": "not_assessed"}, rules=[("R42", "scale_stated", {})])
    assert verdicts(rule_case(tmp_path, [alone], [["1"], ["97"]])) == [(2, "grade", "R42", "cell")]


@pytest.mark.parametrize("method", ["ddPCR", ""])
def test_copies_of_a_vector_have_their_basis(method: str, tmp_path: Path) -> None:
    maps = {"test": "test", "test_map": "coa_test", "basis": "method", "basis_map": "coa_basis"}
    result = column(
        "result", "RESULT", cast="measured", missing={"ND": "nd"}, rules=[("R34", "basis_stated", {"measurement": "vcn", **maps})]
    )
    test = column("test", "TEST", cast="code", code_map="coa_test")
    rows = [["2.9", "VCN", "ddPCR, copies/cell"], ["2.9", "VCN", method], ["ND", "VCN", method], ["95", "T Cell Purity", method]]
    admission = rule_case(tmp_path, [result, test, column("method", "METHOD")], rows)
    assert verdicts(admission) == [(3, "result", "R34", "cell")]


@pytest.mark.parametrize(
    ("measurement", "right", "wrong"),
    [("endotoxin", "EU/mL", "[EU]/mL"), ("pb_plt", "x10*4/uL", "10*4"), ("dose_infused_abs", "10*6", "10*6/kg"), ("pb_hgb", "g/L", "g/mL")],
)
def test_a_value_in_a_unit_of_something_else_is_set_aside(tmp_path: Path, measurement: str, right: str, wrong: str) -> None:
    value = column("value", "VALUE", cast="measured", measurement={"name": measurement}, unit_column="unit")
    admission = rule_case(tmp_path, [value, column("unit", "UNIT")], [["0.25", right], ["0.25", wrong]])
    assert ("value", "D05", "cell") in [found[1:] for found in verdicts(admission) if found[0] == 3]
    assert not [found for found in verdicts(admission) if found[0] == 2 and found[2] != "D07"]


def test_units(tmp_path: Path) -> None:
    hgb = column("hgb", "HGB", cast="decimal", measurement={"name": "pb_hgb"}, unit_column="unit")
    admission = rule_case(
        tmp_path, [hgb, column("unit", "UNIT")], [["11", "g/dL"], ["110", "g/L"], ["11", "g/L"], ["11", "CANARY"], ["11", ""], ["", ""]]
    )
    assert verdicts(admission) == [(4, "hgb", "D07", "flag"), (5, "hgb", "D05", "cell"), (6, "hgb", "D05", "cell")]


def test_business_key_empty_altogether(tmp_path: Path) -> None:
    spec = table("sample", column("a", "A", position=1), column("b", "B", position=2), column("c", "C"))
    admission = through(binding(spec), csv_file(tmp_path / "f.csv", spec, [["", "1", "x"], ["", "", "x"], ["1", "", "x"]]))
    assert verdicts(admission) == [(3, "a", "D03", "row")]
    assert admission.tables["sample"]["record_key"].n_unique() == 2


def test_without_a_key_the_record_itself_is_the_key(tmp_path: Path) -> None:
    spec = table("sample", column("a", "A"), column("b", "B"))
    admission = through(binding(spec), csv_file(tmp_path / "f.csv", spec, [["1", "2"], ["1", "2"], ["1", "3"]]))
    keys = admission.tables["sample"]["record_key"].to_list()
    assert keys[0] == keys[1] != keys[2]
    assert verdicts(admission) == []


def test_an_instant_in_utc_has_the_local_day_of_the_offset_beside_it(tmp_path: Path) -> None:
    columns = [column("at", cast="instant", offset_column="utc_offset"), column("utc_offset", cast="text")]
    rows = [["2025-11-05T03:15:00Z", "-08:00"], ["2025-11-05T03:15:00Z", "PST"], ["2025-11", "-08:00"]]
    table = rule_case(tmp_path, columns, rows).tables["sample"].sort("source_row")
    assert table["at_local"].to_list() == ["2025-11-04T19:15:00", "2025-11-05T03:15:00", "2025-11"]
    assert [str(day) for day in table["at_date"]] == ["2025-11-04", "2025-11-05", "None"]
    assert [str(at) for at in table["at_at_utc"]] == ["2025-11-05 03:15:00", "2025-11-05 03:15:00", "None"]


def test_an_instant_without_an_offset_happened_at_the_offset_beside_it(tmp_path: Path) -> None:
    columns = [column("at", cast="instant", offset_column="utc_offset", formats=["epoch_local_s"]), column("utc_offset", cast="text")]
    rows = [["1447800900", "-0700"], ["1447800900", "+05:00"], ["1447800900", "PST"], ["1762047000", "-0500"], ["many", "-0700"]]
    table = rule_case(tmp_path, columns, rows).tables["sample"].sort("source_row")
    assert table["at_local"].to_list() == ["2015-11-17T22:55:00"] * 3 + ["2025-11-02T01:30:00", None]
    in_utc = ["2015-11-18 05:55:00", "2015-11-17 17:55:00", "2015-11-18 03:55:00", "2025-11-02 06:30:00", "None"]
    assert [str(at) for at in table["at_at_utc"]] == in_utc  # the third by the site's zone; the fourth in the hour that happens twice there
    assert table["at_zone_source"].to_list() == ["offset", "offset", "site", "offset", None]
    assert table["at__status"].to_list() == ["ok", "ok", "ok", "ok", "set_aside"]


def test_a_count_since_1970_is_seen_on_the_clock_of_the_site(tmp_path: Path) -> None:
    columns = [column("at", cast="instant", formats=["epoch_s"]), column("fine", cast="instant", formats=["epoch_ns"])]
    rows = [["1764043200", "1764043200123456789"], ["-5", "99999999999999999999"], ["1764043200.5", ""]]
    table = rule_case(tmp_path, columns, rows).tables["sample"].sort("source_row")
    assert [str(at) for at in table["at_at_utc"]] == ["2025-11-25 04:00:00", "None", "None"]
    assert table["at_local"].to_list() == ["2025-11-24T23:00:00", None, None]
    assert [str(day) for day in table["at_date"]] == ["2025-11-24", "None", "None"]
    assert str(table["fine_at_utc"][0]) == "2025-11-25 04:00:00.123456"
    assert table["at__status"].to_list() == ["ok", "set_aside", "set_aside"]


def test_of_a_cell_that_holds_two_things_only_what_is_read_is_kept(tmp_path: Path) -> None:
    din = {"cast": "identifier", "identifier": "din", "privacy": "quasi", "action": "token"}
    spec = table(
        "bag",
        column("din", "DIN/Comp", position=1, **din),
        column("division", "DIN/Comp", cast="identifier", identifier="division", part=r".{13}(?:-(?P<part>.+))?"),
        column("temperature", "Temp", cast="measured", part="(?P<part>.+?)°C"),
    )
    path = tmp_path / "f.csv"
    path.write_text("DIN/Comp,Temp\nA999925000101-A0,-188.4°C\nA999925000102,-188.4\n", encoding="utf-8")
    admission = through(binding(spec), path)
    rows = admission.tables["bag"].to_dicts()
    kept = [(row["division"], row["division__raw"], row["division__status"], row["temperature"], row["temperature__raw"]) for row in rows]
    assert kept == [("A0", "A0", "ok", -188.4, "-188.4"), (None, "", "missing", None, None)]
    assert verdicts(admission) == [(3, "temperature", "D02", "cell")]
    assert "A999925000101" not in everything_but_the_vault(admission)
