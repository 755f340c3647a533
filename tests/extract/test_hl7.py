"""HL7 v2: what a sender wrote into fields comes back; groups, repetitions and escapes are HL7's; what is broken is set aside or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import Hl7Format
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import DeclarationError, RefusedFile
from cgt_etl.extract import Reading, open_reader
from tests.extract.build import column, table

MSH = r"MSH|^~\&|LAB|HOSPB|V2V|PLATFORM|20251102081500||ORU^R01|881|P|2.5"
ORU = [
    MSH,
    "PID|1||0044-19^^^HOSPB^MR~9912^^^HOSPB^PI||DOE^J||19350214|F",
    "OBR|1|||TCELL^T CELL SUBSETS^99LAB|||20251102075500",
    "OBX|1|NM|T3AB^CD3 ABS^99LAB||349|cells/cumm|690-2540|L|||F",
    "OBX|2|SN|FERR^FERRITIN^99LAB||>^40000|ng/mL|||||F",
    "SPM|1|S1||BLD",
    "OBR|2|||CBC^COUNT^99LAB|||20251102080000",
    "OBX|1|NM|WBC^WHITE^99LAB||4.1|K/uL|||||C",
    "SPM|1|S2||BON",
]
MESSAGE = table("message", column("control", "MSH-10"), column("mrn", "PID-3[5=MR].1"), column("signs", "MSH-2"))
RESULT = table(
    "result",
    column("code", "OBX-3.1"),
    column("value", "OBX-5.*"),
    column("order", "OBR-4.1"),
    column("specimen", "SPM-4"),
    column("mrn", "PID-3[5=MR].1"),
    explode="OBX",
)
IGNORED = {"MSH": "", "PID": "", "OBR": "", "OBX": "", "SPM": ""}


def read(
    path: Path, text: str | bytes, *objects: ObjectSpec, ignored: dict[str, str] | None = None, **file: Any
) -> tuple[Reading, dict[str, list[Any]]]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    stated = Hl7Format.model_validate({"format": "hl7", **file})
    reading = open_reader(stated, path, objects, ignored_elements=IGNORED if ignored is None else ignored)
    rows: dict[str, list[Any]] = {one.name: [] for one in objects}
    for batch in reading:
        names = list(batch.columns)
        for place, position in enumerate(batch.positions):
            cells = {name: batch.ambiguous.get((place, name), batch.columns[name][place]) for name in names}
            rows[batch.object].append((position, batch.items[place], cells))
    return reading, rows


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_cells_come_from_their_own_group(tmp_path: Path, end: str) -> None:
    reading, rows = read(tmp_path / "f.hl7", end.join(ORU) + end, MESSAGE, RESULT)
    assert (reading.units, reading.set_aside, reading.unmapped) == (1, [], {})
    assert rows["message"] == [(1, 0, {"control": "881", "mrn": "0044-19", "signs": "^~\\&"})]
    assert [tuple(cells.values()) for *_, cells in rows["result"]] == [
        ("T3AB", "349", "TCELL", "BLD", "0044-19"),
        ("FERR", ">40000", "TCELL", "BLD", "0044-19"),
        ("WBC", "4.1", "CBC", "BON", "0044-19"),
    ]
    assert [item for _, item, _ in rows["result"]] == [0, 1, 2]


def test_a_segment_that_leads_its_group_is_the_nearest_before(tmp_path: Path) -> None:
    oul = [MSH, "SPM|1|||BLD", "OBR|1|||A", "OBX|1|NM|X||1", "SPM|2|||BON", "OBR|2|||B", "OBX|1|NM|Y||2"]
    _, rows = read(tmp_path / "f.hl7", "\r".join(oul), RESULT)
    assert [(cells["code"], cells["order"], cells["specimen"]) for *_, cells in rows["result"]] == [("X", "A", "BLD"), ("Y", "B", "BON")]


def test_results_of_the_patient_stand_before_the_orders_and_those_of_a_specimen_behind_it(tmp_path: Path) -> None:
    oru = [*ORU[:2], "OBX|1|NM|HEIGHT||170", "PRT|1", *ORU[2:4], "PRT|2", *ORU[4:6], "OBX|1|NM|VOLUME||3", *ORU[6:]]
    _, rows = read(tmp_path / "f.hl7", "\r".join(oru), RESULT)
    assert [(cells["code"], cells["order"], cells["specimen"]) for *_, cells in rows["result"]] == [
        ("HEIGHT", None, None),
        ("T3AB", "TCELL", "BLD"),
        ("FERR", "TCELL", "BLD"),
        ("VOLUME", "TCELL", "BLD"),
        ("WBC", "CBC", "BON"),
    ]
    oul = [MSH, "PID|1", "OBX|1|NM|HEIGHT||170", "SPM|1|||BLD", "OBX|1|NM|VOLUME||3", "OBR|1|||A", "OBX|1|NM|X||1"]
    _, rows = read(tmp_path / "f.hl7", "\r".join(oul), RESULT)
    assert [(cells["code"], cells["order"], cells["specimen"]) for *_, cells in rows["result"]] == [
        ("HEIGHT", None, None),
        ("VOLUME", None, "BLD"),
        ("X", "A", "BLD"),
    ]


def test_a_cell_is_read_where_its_segment_says_so_and_from_the_first_place_that_says_anything(tmp_path: Path) -> None:
    spec = table(
        "result",
        column("number", "OBX[2=NM]-5.*|OBX[2=SN]-5.*"),
        column("code", "OBX[2=CWE]-5.1"),
        column("mrn", "PID-3[5=MR].1|PID-3[5=].1"),
        column("untyped", "PID-3[5=].1"),
        explode="OBX",
    )
    lines = [MSH, "PID|||17~9912^^^H^PI", "OBX|1|NM|A||1", "OBX|2|SN|B||<^2", "OBX|3|CWE|C||A^Blood group A^L", "OBX|4|TX|D||3"]
    reading, rows = read(tmp_path / "f.hl7", "\r".join(lines), MESSAGE, spec)
    assert [tuple(cells.values()) for *_, cells in rows["result"]] == [
        ("1", None, "17", "17"),
        ("<2", None, "17", "17"),
        (None, "A", "17", "17"),
        (None, None, "17", "17"),
    ]
    assert {"OBX-2", "OBX-5"}.isdisjoint(reading.unmapped)


def test_several_where_one_is_expected_is_no_choice(tmp_path: Path) -> None:
    spec = table("message", column("number", "PID-3.1"), column("second", "PID-3[2].1"), column("name", "PID-5"))
    _, rows = read(tmp_path / "f.hl7", "\r".join(ORU), spec)
    assert rows["message"][0][2] == {"number": '["0044-19", "9912"]', "second": "9912", "name": "DOE^J"}


def test_repetitions_are_rows(tmp_path: Path) -> None:
    spec = table("number", column("value", "PID-3.1"), column("kind", "PID-3.5"), column("sex", "PID-8"), explode="PID-3")
    _, rows = read(tmp_path / "f.hl7", "\r".join(ORU), MESSAGE, spec)
    assert [tuple(cells.values()) for *_, cells in rows["number"]] == [("0044-19", "MR", "F"), ("9912", "PI", "F")]


def test_a_merge_names_both_numbers(tmp_path: Path) -> None:
    merge = [
        r"MSH|^~\&|ADT|H|||20250101||ADT^A40|1|P|2.5",
        "EVN|A40|20250101",
        "PID|||new^^^H^MR",
        "MRG|old^^^H^MR",
        "PID|||new2^^^H^MR",
        "MRG|old2^^^H^MR",
    ]
    spec = table("merge", column("old", "MRG-1.1"), column("new", "PID-3.1"), explode="MRG")
    reading, rows = read(tmp_path / "f.hl7", "\r".join(merge), MESSAGE, spec)
    assert [tuple(cells.values()) for *_, cells in rows["merge"]] == [("old", "new"), ("old2", "new2")]
    assert reading.unmapped == {"EVN": 1}


def test_what_no_column_reads_is_counted_by_its_place(tmp_path: Path) -> None:
    spec = table("message", column("control", "MSH-10"), column("code", "OBX-3.1"))
    reading, _ = read(tmp_path / "f.hl7", "\r".join([*ORU, "ZXX|1"]), spec, ignored={"OBR": "", "SPM": "", "MSH": "", "OBX-1": ""})
    assert set(reading.unmapped) == {"PID", "OBX-2", "OBX-5", "OBX-6", "OBX-7", "OBX-8", "OBX-11", "ZXX"}
    assert set(reading.unmapped.values()) == {1}


PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10).filter(lambda text: text == text.strip() or text)
SIGNS = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}


def escaped(text: str) -> str:
    return "".join(SIGNS.get(sign, sign) for sign in text)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(st.lists(PLAIN, min_size=1, max_size=3), min_size=1, max_size=3), min_size=1, max_size=4))
def test_what_was_escaped_comes_back(tmp_path_factory: pytest.TempPathFactory, segments: list[list[list[str]]]) -> None:
    lines = [MSH, *("OBX|" + "|".join("^".join(escaped(part) for part in field) for field in fields) for fields in segments)]
    names = [(f"OBX-{field}.{part}", field, part) for field in (1, 2, 3) for part in (1, 2, 3)]
    spec = table("result", *(column(f"c{field}{part}", name) for name, field, part in names), explode="OBX")
    text = "\r".join(line.replace("\u2028", " ").replace("\u2029", " ").replace("\x85", " ") for line in lines)
    _, rows = read(tmp_path_factory.mktemp("hl7") / "f.hl7", text, MESSAGE, spec)
    for fields, (_, _, cells) in zip(segments, rows["result"], strict=True):
        for _, field, part in names:
            there = fields[field - 1][part - 1] if field <= len(fields) and part <= len(fields[field - 1]) else ""
            there = there.replace("\u2028", " ").replace("\u2029", " ").replace("\x85", " ")
            assert cells[f"c{field}{part}"] == (there or None)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\.br\b", "a\nb"),
        (r"\XC3BC\ber", "über"),
        (r"\H\bold\N\ ", "bold "),
        (r"\Z1\x", r"\Z1\x"),
        (r"\XZZ\x", r"\XZZ\x"),
        ("lone \\", "lone \\"),
    ],
)
def test_escapes(tmp_path: Path, written: str, meant: str) -> None:
    _, rows = read(tmp_path / "f.hl7", f"{MSH}\rOBX|1|TX|A||{written}\r", MESSAGE, table("r", column("value", "OBX-5"), explode="OBX"))
    assert rows["r"][0][2]["value"] == meant


def test_other_signs_than_usual(tmp_path: Path) -> None:
    text = "MSH#*!?%#LAB#H###20250101##ORU*R01#7#P#2.5\rPID#1##44*%x!55*\rOBX#1#NM#A*B##1?S?2"
    _, rows = read(tmp_path / "f.hl7", text, MESSAGE, RESULT)
    assert rows["message"][0][2]["control"] == "7"
    assert rows["result"][0][2]["value"] == "1*2"


def test_a_broken_message_is_set_aside_alone(tmp_path: Path) -> None:
    text = "\r".join([*ORU, MSH, "OBX|1|TX|A||a line", "that goes on", MSH.replace("881", "883"), "MSH", MSH.replace("ORU^R01", "ADT^A08")])
    reading, rows = read(tmp_path / "f.hl7", text, MESSAGE, RESULT, messages=["ORU^R01"])
    assert [cells["control"] for *_, cells in rows["message"]] == ["881", "883"]
    assert [one.position for one in reading.set_aside] == [10, 14, 15]
    assert reading.units == 5 == text.count("MSH")
    assert b"that goes on" in reading.set_aside[0].raw


def test_a_batch_that_is_whole_and_batches_that_are_not(tmp_path: Path) -> None:
    whole = ["FHS|^~\\&", "BHS|^~\\&", *ORU, *ORU, "BTS|2", "BHS|^~\\&", *ORU, "BTS|1", "FTS|2"]
    reading, _ = read(tmp_path / "f.hl7", "\r".join(whole), MESSAGE)
    assert reading.units == 3
    for broken in (
        whole[:-1],
        whole[:-2],
        [line.replace("BTS|2", "BTS|3") for line in whole],
        [line.replace("FTS|2", "FTS|3") for line in whole],
    ):
        with pytest.raises(RefusedFile, match="truncated"):
            read(tmp_path / "f.hl7", "\r".join(broken), MESSAGE)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PID|1\r", "MSH|^~\\&|\xfc".encode("latin-1"), b"MSH|^~\\&|\0"])
def test_what_is_no_file_of_messages_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RefusedFile) as refused:
        read(tmp_path / "f.hl7", content, MESSAGE)
    assert refused.value.rule == "F01"


def test_frames_of_a_wire_are_no_text(tmp_path: Path) -> None:
    _, rows = read(tmp_path / "f.hl7", "\x0b" + "\r".join(ORU) + "\r\x1c\r", MESSAGE, RESULT)
    assert len(rows["result"]) == 3


@pytest.mark.parametrize(
    "place", ["OBX", "OBX-0", "OBX-5[MR].1", "obx-5", "OBX-5.1.2.3", "OBX-5.**", "OBX[NM]-5", "OBX-5|", "OBX-5[5=MR|PI].1"]
)
def test_what_is_no_place_is_refused_as_a_declaration(tmp_path: Path, place: str) -> None:
    with pytest.raises(DeclarationError, match="no field of a segment"):
        read(tmp_path / "f.hl7", MSH, table("m", column("a", place)))


REAL = Path(__file__).resolve().parents[3] / "shared" / "real" / "hl7v2_msfhirconverter"


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is absent")
def test_real_messages_agree_with_plain_splitting() -> None:
    for path in sorted(REAL.glob("*.hl7")):
        lines = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        observations = [line.split("|") for line in lines if line.startswith("OBX")]
        stated = Hl7Format(format="hl7")
        spec = table("result", column("code", "OBX-3.1"), column("unit", "OBX-6.1"), explode="OBX")
        reading = open_reader(stated, path, (MESSAGE, spec), ignored_elements=IGNORED)
        rows = [
            (code, unit)
            for batch in reading
            if batch.object == "result"
            for code, unit in zip(batch.columns["code"], batch.columns["unit"], strict=True)
        ]
        assert reading.units == sum(line.startswith("MSH") for line in lines)
        assert rows == [(of[3].split("^")[0] or None, (of[6] if len(of) > 6 else "").split("^")[0] or None) for of in observations]
