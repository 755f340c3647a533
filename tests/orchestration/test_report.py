"""What the terminal says of a night's files."""

from __future__ import annotations

from cgt_etl.orchestration.report import FileLine, NightReport, Outcome


def line(name: str, outcome: Outcome = "landed", units: int = 2) -> FileLine:
    counts = {"in": units, "accepted": units - 1, "set_aside": 1, "erased": 0}
    return FileLine("lab", "certificate", name, outcome, "id", counts, counts, "lab: wrong form" if outcome == "refused" else None)


def test_a_feed_of_many_files_takes_one_row_and_the_sums_stay() -> None:
    files = [line(f"c{number}.xlsx") for number in range(5)]
    said = [row.split() for row in NightReport("0001", files=files).lines()]
    assert ["lab/certificate", "5", "files", "10", "5", "5", "0"] in said
    assert ["all", "10", "5", "5", "0"] in said


def test_few_files_and_refused_files_keep_their_names() -> None:
    files = [line("a.xlsx"), line("b.xlsx"), *(line(f"c{number}.xlsx", "refused") for number in range(4))]
    said = "\n".join(NightReport("0001", files=files).lines())
    assert all(file.source_name in said for file in files)
