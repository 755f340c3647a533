"""Writes the sample certificates of the dialect `qc_coa`: `python -m tests.dialects.coa_samples`. The same bytes every time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cgt_etl.settings import PACKAGE
from cgt_etl.simulator.exports import coa

FOLDER = PACKAGE / "dialects" / "qc_coa" / "samples"
LAYOUT_7 = [
    ("Viability, post-thaw (AO/PI)", "NC-200", ">=80 %", 78, "F"),
    ("CAR Expression", "flow, of viable CD3+", ">=10 %", 36.2, "P"),
    ("Total Dose", "calc", "0.5-1.1 x10^8", 0.96, "P"),
    ("VCN", "ddPCR, copies/transduced", "<=5", 2.9, "P"),
    ("Endotoxin", "kinetic LAL", "<0.5 EU/mL", "<0.25", "P"),
    ("Sterility", "rapid", "No growth", "NGTD d5", "-"),
    ("Mycoplasma", "PCR", "Not detected", "ND", "P"),
    ("RCL", "VSV-G qPCR", "<LOQ", "BQL", "P"),
    ("IFNg", "ELISA 20h 1:1", "200-8000 pg/mL", 1540, "P"),
]
Line = tuple[Any, ...]


def at(text: str) -> datetime:
    """A local time, as a workbook keeps it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).replace(tzinfo=None)


def certificate(lines: list[Line], **labels: Any) -> dict[str, Any]:
    """A record as the writer takes it: layout 7 with other labels (`batch`, `issued`, ...) and lines."""
    said = {
        "JOIN ID:": "J-0098-221",
        "Patient ID:": None,
        "Batch #:": 7781,
        "Spec:": "v4.2",
        "Lot:": None,
        "Lot (CD8):": "C8-7781-1",
        "Lot (CD4):": "C4-7781-1",
        "Issued:": at("2025-12-17 14:30"),
        "Disposition:": "C (conditional)",
        "Disposed:": at("2025-12-18 09:05"),
        **labels,
    }
    return {"labels": said, "lines": [dict(zip(coa.COLUMNS, line, strict=True)) for line in lines]}


def samples() -> dict[str, dict[str, Any]]:
    """File name -> certificate."""
    final = [line if line[0] != "Sterility" else ("Sterility", "USP <71>", "No growth", "No growth", "P") for line in LAYOUT_7]
    in_words = [line if line[0] != "Sterility" else ("Sterility", "USP <71>", "No growth", "Conforms", "P") for line in LAYOUT_7]
    in_words.append(("Dose/kg", "calc", "0.2-5 x10^6/kg", 2.1, "P"))
    odd = [
        ("Viability, post-thaw (AO/PI)", "trypan blue", ">=80 furlongs", "about 85", "P"),
        ("Colour", "visual", "report", "clear", "P"),
        ("VCN", "ddPCR, copies/cell", "<=5", "ND", "-"),
        ("Sterility", "rapid", "No growth", "NGTD d31", "?"),
        ("VCN", "ddPCR", "<=5", 2.2, "P"),
    ]
    without_label = certificate(LAYOUT_7)
    del without_label["labels"]["Lot (CD4):"]
    lots, unread = {"Containers:": "2", "Expiry:": "19NOV2027"}, {"Containers:": "two", "Expiry:": "NOV2027"}
    late = {"Issued:": at("2026-01-05 08:00"), "Disposition:": "N (nonconforming)", "Disposed:": at("2026-01-06 10:00")}
    return {
        "CoA_7781_202512181000.xlsx": certificate(LAYOUT_7),
        "CoA_7781_202601061200.xlsx": certificate(final, **late),
        "CoA_7782_202601061300.xlsx": certificate(in_words, **{"Batch #:": "7782", "Mfg start:": "07NOV2025", "Market:": "EU", **lots}),
        "CoA_7790_202601071200.xlsx": certificate(
            odd, **{"Batch #:": "7790", "Market:": "elsewhere", "Disposition:": "X", "Lot (CD8):": None, "Lot (CD4):": None, **unread}
        ),
        "CoA_7791_202601071300.xlsx": certificate(LAYOUT_7, **{"Batch #:": "7791", "JOIN ID:": "0098/221"}),
        "CoA_7792_202601071400.xlsx": certificate(LAYOUT_7, **{"Batch #:": "7792", "Issued:": "mid December"}),
        "CoA_7793_202601071500.xlsx": without_label,
        "CoA_7794_202601071600.xlsx": {**certificate(LAYOUT_7), "footer": ()},
    }


def write_all(folder: Path) -> None:
    """Write every sample into `folder`."""
    for name, record in samples().items():
        coa.write(record, folder / name)


if __name__ == "__main__":
    write_all(FOLDER)
