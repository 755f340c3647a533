"""HL7 messages of the same segments read together: whatever the file, the same is told as one by one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import Hl7Format
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Columnar, hl7, hl7_columns, open_reader
from tests.extract.build import column, table

CELLS = (
    column("control", "MSH-10"),
    column("signs", "MSH-2"),
    column("sign", "MSH-1"),
    column("kind", "MSH-9.2"),
    column("mrn", "PID-3[5=MR].1"),
    column("bare", "PID-3[5=].1"),
    column("second", "PID-3[2].1|PID-4"),
)
RESULT = table(
    "result",
    column("code", "OBX-3.1|OBX-3.2"),
    column("value", "OBX-5.*"),
    column("number", "OBX[2=NM]-5"),
    column("text", "OBX-5"),
    column("sub", "OBX-5.1.2|OBX-5.2.1"),
    column("order", "OBR-4.1|OBR-2"),
    column("next", "SPM-4"),
    column("of_second", "OBX[2]-3.3"),
    column("mrn", "PID-3[5=MR].1"),
    explode="OBX",
)
KEYED = (table("message", column("id", "MSH-10", position=1), *CELLS), RESULT)
KEYLESS = (table("message", *CELLS), RESULT, table("order", column("of", "OBR-4"), explode="OBR"))
ALONE = (table("result", *RESULT.columns, explode="OBX"),)
FIELD = (*KEYED, table("identifier", column("id", "PID-3.1"), explode="PID-3"))
TEXTS = st.sampled_from(["a", "4.1", "é", "", "", "\u2028", " ", "a^b", "^b", "^", "a^^c^d^MR", "a^^^^MR", "a^^^^", ">^4"])
REPEATED = ["a~b", "a~a", "~a", "a~~", "~", "a^^^^MR~b^^^^PI", "b^^^^PI~a^^^^MR", "a^^^^MR~b^^^^MR", "a^^^^MR~~a^c^^^MR", ">^4~>^4"]
ODD_TEXTS = st.sampled_from(["a&b", "a&b^c&d", *REPEATED, "a\\T\\b", "\\", "\ufeff", "#"])
HEADER = "MSH|^~\\&"
HEADERS = st.sampled_from([HEADER] * 9 + ["MSH|^~\\&#", "MSH|^~\\", "MSH#^~\\&", "MSH|&~\\^", "MSH|^^", "MSH|", "MSH", "MSHA|^~\\&"])
ODD_LINES = st.sampled_from(
    ["", " ", "obx|1", "OBXX|1", "OBX", "OBX^a|b", "OB", "NTE|1", "ZZZ", "MSH", "\x0bPID|1", "\x1c", "BTS|1", "FTS|0", "BHS|^~\\&"]
)


@st.composite
def messages(draw: st.DrawFn) -> list[str]:
    """A message like others: the same segments with other values, sometimes something of all that may stand there instead."""
    odd = draw(st.integers(0, 12))
    texts = st.one_of(TEXTS, ODD_TEXTS) if odd in (1, 2) else st.one_of(TEXTS, st.sampled_from(REPEATED)) if odd == 3 else TEXTS
    kind = draw(st.sampled_from(["ORU^R01"] * 5 + ["ORU^R01^ORU_R01", "ADT^A01", "ORU", ""]))
    lines = [f"{draw(HEADERS) if odd == 4 else HEADER}|LAB|{draw(texts)}|||||{kind}|{draw(texts)}|P", f"PID|1||{draw(texts)}|{draw(texts)}"]
    for number in range(draw(st.integers(1, 2))):
        lines.append(f"OBR|{number}|||{draw(texts)}")
        lines += [
            f"OBX|1|{draw(st.sampled_from(['NM', 'NM^a', '']))}|{draw(texts)}||{draw(texts)}|u" for _ in range(draw(st.integers(0, 2)))
        ]
        lines += ["SPM|1|||" + draw(texts)] * draw(st.integers(0, 1))
    if odd == 5:
        lines.insert(draw(st.integers(0, len(lines))), draw(ODD_LINES))
    return lines


def told(path: Path, objects: tuple[ObjectSpec, ...], file: Hl7Format) -> Any:
    """Everything that a reading tells."""
    reading = open_reader(file, path, objects, ignored_elements={"PID-1": "", "OBR": ""})
    rows: dict[str, list[Any]] = {spec.name: [] for spec in objects}
    try:
        for batch in reading:
            for place, row in enumerate(zip(batch.positions, batch.items, *batch.columns.values(), strict=True)):
                several = {name: said for (number, name), said in batch.ambiguous.items() if number == place}
                rows[batch.object].append((*row, several, batch.digests[place] if batch.digests else None))
    except RefusedFile as refused:
        return str(refused), refused.position, refused.rule
    return rows, reading.units, reading.set_aside, reading.unmapped, reading.unmapped_first


@st.composite
def files(draw: st.DrawFn) -> tuple[Hl7Format, bytes]:
    """A file of messages, sometimes in the envelopes of a batch, with lines of any end."""
    written = draw(st.lists(messages(), max_size=10))
    lines = [line for message in written for line in message]
    if draw(st.integers(0, 3)) == 3:
        lines = ["FHS|^~\\&", "BHS|^~\\&", *lines, f"BTS|{len(written)}", "FTS|1"]
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "latin-1"]))
    end = draw(st.sampled_from(["\r", "\n", "\r\n", "\n\n"]))
    file = {"format": "hl7", "encoding": encoding, "messages": draw(st.sampled_from([[], ["ORU^R01"]]))}
    return Hl7Format.model_validate(file), (end.join(lines) + end * draw(st.integers(0, 1))).encode(encoding, "replace")


@pytest.mark.parametrize("objects", [KEYED, KEYLESS, ALONE, FIELD])
@settings(max_examples=200, deadline=None)
@given(written=files(), size=st.integers(1, 900))
def test_messages_say_the_same(objects: tuple[ObjectSpec, ...], written: tuple[Hl7Format, bytes], size: int) -> None:
    file, content = written
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "f"
        path.write_bytes(content)
        patch.setattr(hl7, "_STRETCH_BYTES", size)
        patch.setattr(hl7_columns, "LEAST_ALIKE", 1)
        quick = told(path, objects, file)
        patch.setattr(hl7_columns.Columns, "_header", lambda *_: None)
        assert quick == told(path, objects, file)


@pytest.mark.parametrize("identifiers", ["a^^^^MR", "b^^^^PI~a^^^^MR", "a^^^^MR~c~a^^^^MR"])
def test_messages_of_the_same_segments_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identifiers: str) -> None:
    path = tmp_path / "f.hl7"
    path.write_text(f"MSH|^~\\&|||||||ORU^R01|1\rPID|1||{identifiers}\rOBX|1|NM|c||5\r" * 9_000, encoding="utf-8")
    read: list[int] = []
    monkeypatch.setattr(hl7._Pass, "_message", lambda self, position, lines: read.append(position))
    batches = [batch for batch in open_reader(Hl7Format(format="hl7"), path, KEYED) if batch.object == "result"]
    assert {type(batch) for batch in batches} == {Columnar}
    assert sum(len(batch.positions) for batch in batches) + len(read) == 9_000
    assert {mrn for batch in batches for mrn in batch.columns["mrn"]} == {"a"}
    assert len(read) < 10
