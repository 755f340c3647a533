"""Writes the sample files of the dialect `flow_cytometry`: `python -m tests.dialects.flow_samples`. The same bytes every time."""

from __future__ import annotations

import math
from pathlib import Path

from cgt_etl.settings import PACKAGE
from tests.extract.fcs_files import fcs

FOLDER = PACKAGE / "dialects" / "flow_cytometry" / "samples"
INTEGERS = [("FSC-H", 16, 1024), ("SSC-H", 16, 1024), ("FL1-H", 16, 1024), ("Time", 32, 16777216)]
FLOATS = [("FSC-A", 32, 262144), ("SSC-A", 32, 262144), ("FITC-A", 32, 262144), ("Time", 32, 262144)]
EVENTS = [(300 + 7 * step % 190, 200 + 11 * step % 170, 1023 if step % 9 == 0 else 5 * step, 40 * step) for step in range(40)]
SAID = {
    "SAMPLE ID": "B25-0417 D4", "$CYT": "FACSCalibur", "CYTNUM": "E0000", "CREATOR": "CELLQuest 3.3", "$DATE": "14-Nov-25",
    "$BTIM": "16:31:33", "$ETIM": "16:31:52", "$OP": "A. Fictional", "$SRC": "Default", "$FIL": "B07", "$P3S": "CD3 FITC", "$P3E": "4,0",
}  # fmt: skip
LATER = {
    "SAMPLE_NAME": "control 2", "$CYT": "S0000EXi", "$CYTSN": "S0000", "SOFTWARE": "none", "$DATE": "14-NOV-2025", "$BTIM": "23:59:50:75",
    "$ETIM": "00:01:10:25", "$VOL": 120000.5, "$LOST": 0, "$ABRT": 3, "$P1V": 340, "$P3S": "CD8 FITC", "$P3L": "488", "TUBE_NAME": "tube 4",
}  # fmt: skip


def samples() -> dict[str, bytes]:
    """File name -> content."""
    floats = [(*(value / 3 for value in event[:3]), event[3] / 7) for event in EVENTS]
    odd = [(math.nan, 1.0, 262144.0, 0.0), (math.inf, 2.0, 300000.0, 0.1), (-1.5, 2.0, 0.0, 0.2)]
    unsure = {**SAID, "$DATE": "14/11/2025", "$LOST": "some", "SAMPLE ID": None}
    return {
        "calibur_20251114.fcs": fcs(INTEGERS, EVENTS, SAID, version="FCS2.0", order="4,3,2,1", delimiter="\\"),
        "cell_sorter_20251114.fcs": fcs(FLOATS, floats, LATER, kind="F", version="FCS3.1"),
        "not_numbers_20251115.fcs": fcs(FLOATS, odd, SAID | {"SAMPLE ID": "B25-0417/D6"}, kind="F", version="FCS3.0"),
        "unsure_20251115.fcs": fcs(INTEGERS, EVENTS[:3], unsure, tail="SAMPLE ID/one/SAMPLE ID/two/"),
        "no_events_20251115.fcs": fcs(INTEGERS, [], SAID),
        "total_that_lies_20251116.fcs": fcs(INTEGERS, EVENTS, SAID | {"$TOT": 41}),
        "broken_off_20251116.fcs": fcs(INTEGERS, EVENTS, SAID)[:-100],
        "several_20251116.fcs": fcs(INTEGERS, EVENTS, SAID | {"$NEXTDATA": 2048}),
        "histogram_20251116.fcs": fcs(INTEGERS, EVENTS, SAID | {"$MODE": "U"}),
    }


def write_all(folder: Path) -> None:
    """Write every sample into `folder`."""
    for name, content in samples().items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    write_all(FOLDER)
