"""Certificates of analysis as a quality control laboratory exports them: one workbook per certificate, laid out as a form.

Layout 7 of the partner layouts. Writes the same bytes for the same record: no clock stands in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.facts import DefectClass, Edge, Fact, Layout, Named, Own, Record, Stated
from cgt_etl.simulator.model import Batch, Certificate, Journey, Test
from cgt_etl.simulator.parties import Network

SHEET = "CoA"
LABELS = (
    (3, 1, "JOIN ID:"),
    (3, 4, "Patient ID:"),
    (4, 1, "Batch #:"),
    (4, 4, "Spec:"),
    (5, 1, "Lot:"),
    (5, 4, "Lot (CD8):"),
    (5, 7, "Lot (CD4):"),
    (6, 1, "Issued:"),
    (6, 7, "Market:"),
    (7, 1, "Disposition:"),
    (7, 4, "Disposed:"),
    (7, 7, "Containers:"),
    (8, 1, "Expiry:"),
)
"""Sheet row and column, from 1, of each label; its value stands to the right."""
STARTED = (6, 4, "Mfg start:")
"""Of a label that some forms have: not those of the network's laboratory."""
POSITION = 3
"""Sheet row of the first label: where the door counts a certificate."""
COLUMNS = ("Test", "Method", "Spec", "Result", "P/F")
HEADER_ROW = 9
ERROR = "#N/A"
"""A cell whose formula failed."""
_CREATED = datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def write(record: Record, path: Path) -> None:
    """The workbook of a certificate: `labels` (label -> text, number, local date-time or None) and `lines` (column -> text or number)."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    book.set_properties({"title": "Certificate of Analysis", "created": _CREATED})
    sheet = book.add_worksheet(SHEET)
    bold = book.add_format({"bold": True})
    stamp = book.add_format({"num_format": "ddmmmyyyy hh:mm"})

    def put(row: int, column: int, value: object) -> None:
        if isinstance(value, datetime):
            sheet.write_datetime(row - 1, column - 1, value, stamp)
        elif value == ERROR:
            sheet.write_formula(row - 1, column - 1, "=NA()", None, ERROR)
        elif value is not None and value != "":
            sheet.write(row - 1, column - 1, value)

    sheet.write(0, 0, "Certificate of Analysis", bold)
    for row, column, label in (*LABELS, STARTED):
        if label in record["labels"]:
            sheet.write(row - 1, column - 1, label, bold)
            put(row, column + 1, record["labels"][label])
    for column, name in enumerate(COLUMNS):
        sheet.write(HEADER_ROW - 1, column, name, bold)
    row = HEADER_ROW
    for row, line in enumerate(record["lines"], start=HEADER_ROW + 1):
        for column, name in enumerate(COLUMNS, start=1):
            put(row, column, line.get(name))
    for after, text in enumerate(record.get("footer", ("End of results",)), start=1):
        sheet.write(row - 1 + after, 0, text)
    sheet.write(row + 3, 0, "Reviewed by:")
    sheet.write(row + 3, 1, "Fictional Reviewer")
    book.close()


WORDS = {
    "dp_viability": ("Viability, post-thaw (AO/PI)", "NC-200", "%", 1),
    "transduction_eff": ("CAR Expression", "flow, of viable CD3+", "%", 1),
    "dp_car_pos_viable_total": ("Total Dose", "calc", "x10^8", 100),
    "product_cd34_total": ("CD34+ Dose", "calc", "x10^8", 100),
    "editing_efficiency": ("On-Target Editing", "NGS", "%", 1),
    "dp_cd3_purity": ("T Cell Purity", "flow", "%", 1),
    "vcn": ("VCN", "ddPCR, copies/transduced", "", 1),
    "endotoxin": ("Endotoxin", "kinetic LAL", "EU/mL", 1),
    "sterility_dp": ("Sterility", "USP <71>", "", 1),
    "mycoplasma": ("Mycoplasma", "PCR", "", 1),
    "rcl_rcr": ("RCL", "VSV-G qPCR", "", 1),
    "potency_ifng": ("IFNg", "ELISA 20h 1:1", "pg/mL", 1),
}
"""Test -> its name on the form, method, unit, and how many of the vocabulary's units make one of the form's."""
WITHOUT_BASIS = "ddPCR"
"""A method that does not say what its copies are counted by."""
LIMITS_IN_WORDS = {"sterility_dp": "No growth", "mycoplasma": "Not detected", "rcl_rcr": "<LOQ"}
RESULTS_IN_WORDS = {
    "no_growth": "No growth",
    "no_growth_to_date": "NGTD",
    "growth": "Growth",
    "not_detected": "ND",
    "detected": "Detected",
    "below_quantification_limit": "BQL",
}
DISPOSITIONS = {
    "released": "A (approved)",
    "conditional": "C (conditional)",
    "out_of_specification": "N (nonconforming)",
    "rejected": "R (rejected)",
}
LOT_LABELS = {"": "Lot:", "C8": "Lot (CD8):", "C4": "Lot (CD4):"}
OWN_MARKETS = ("US", "GB")
"""Countries of simulated parties that are markets of their own; the others are the Union's."""
CORRECTED = 0.04
"""Share of certificates that are first sent with a slip in one figure."""

DIALECT = "qc_coa"
FEEDS: dict[str, Layout] = {"certificate": Own(write, position=lambda _record, _column: POSITION, units=lambda _record: 1)}


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The certificates of a journey's batches, interim and final ones, in order of issue.

    One in `CORRECTED` comes first with a slip, and corrected a night later.
    """
    said = [(batch, one) for batch in journey.batches for one in (batch.interim, batch.certificate) if one is not None]
    for batch, certificate in sorted(said, key=lambda pair: (pair[1].issued, pair[0].number)):
        record = _record(batch, certificate, _market(journey, batch, network), draws)
        slipped = _with_slip(record)
        if slipped is not None and draws.random.random() < CORRECTED:
            yield _fact(journey, batch, certificate, slipped, change=0)
            yield _fact(journey, batch, certificate, record, change=1)
        else:
            yield _fact(journey, batch, certificate, record, change=0)


def _fact(journey: Journey, batch: Batch, certificate: Certificate, record: Record, *, change: int) -> Fact:
    issued = certificate.issued
    person = journey.patient.number if batch.coi else None
    issuer = batch.product.numbered_by
    failed = certificate.disposition in ("out_of_specification", "rejected") or any(test.is_within is False for test in certificate.tests)
    replaces = _name(batch, batch.interim) if batch.interim and certificate is not batch.interim else ""
    events = [("qc_result_reported", _name(batch, certificate), replaces), *([("batch_oos", batch.number, "")] if failed else [])]
    return Fact(
        partner=certificate.laboratory,
        feed="certificate",
        known=issued.date(),
        record=record,
        key=(batch.number, f"{issued:%Y-%m-%dT%H:%M}"),
        journey=journey.number,
        persons=(Named("patient_id", "coi", "", batch.coi, "recipient", journey.patient.number),) if batch.coi else (),
        events=tuple(
            Stated(kind, person, f"{issued:%Y-%m-%dT%H:%M}:00", f"{issued.astimezone(UTC):%Y-%m-%dT%H:%M}:00", object_, replaced)
            for kind, object_, replaced in events
        ),
        edges=tuple(Edge("fill", ("batch", batch.number), ("dose_unit", unit.lot)) for unit in batch.dose_units),
        objects=(("batch", issuer, batch.number), *(("lot", issuer, unit.lot) for unit in batch.dose_units)),
        defects=(
            *((_released_early(person, issued, batch),) if certificate is batch.interim else ()),
            *((_expired(batch.filled.date()),) if batch.filled and batch.coi and _is_given(journey, batch) else ()),
        ),
        change=change,
        file=f"CoA_{batch.number}_{issued + timedelta(days=change):%Y%m%d%H%M}.xlsx",
    )


def _name(batch: Batch, certificate: Certificate) -> str:
    """What the truth calls the report of a certificate."""
    return f"{batch.number}/{certificate.issued:%Y%m%d%H%M}"


def _released_early(person: int | None, issued: datetime, batch: Batch) -> DefectClass:
    """An interim certificate that says that the batch was released without conditions."""
    at = Stated("batch_released", person, f"{issued:%Y-%m-%dT%H:%M}:00", f"{issued.astimezone(UTC):%Y-%m-%dT%H:%M}:00", batch.number)
    return DefectClass("released_before_final_sterility", "R41", "flag", None, 0.3, 0.32, _released, at_door=False, adds=(at,))


def _is_given(journey: Journey, batch: Batch) -> bool:
    return any(given.batch == batch.number for given in journey.administrations)


def _expired(filled: date) -> DefectClass:
    """The day of the filling in the place of the last on which a lot may be given: of a batch that was given later, as all are."""

    def expired(record: Record, _draws: Draws) -> Record:
        return _with_label(record, "Expiry:", _day(filled))

    return DefectClass("expired_by_its_label", "R16", "flag", "expiry", 0.1, 0.17, expired, at_door=False, needs=("infusion_started",))


def _day(day: date) -> str:
    return f"{day:%d%b%Y}".upper()


def _released(record: Record, _draws: Draws) -> Record | None:
    if not any(line["Test"] == "Sterility" and str(line["Result"]).startswith("NGTD") for line in record["lines"]):
        return None
    released = _with_label(record, "Disposition:", DISPOSITIONS["released"])
    return _with_label(released, "Disposed:", record["labels"]["Issued:"])


def _market(journey: Journey, batch: Batch, network: Network) -> str:
    """Where the batch is to be given; of one for anybody, where it is made."""
    country = journey.hospital.country if batch.coi else network.party(batch.product.manufacturer).country
    return country if country in OWN_MARKETS else "EU"


def _record(batch: Batch, certificate: Certificate, market: str, draws: Draws) -> Record:
    """Legal varieties: a number may stand as text, a comparator may have a blank, a disposition may be its letter alone."""
    pick = draws.random
    disposition = DISPOSITIONS[certificate.disposition]
    labels: dict[str, Any] = {label: None for _, _, label in LABELS}
    labels |= {
        "Patient ID:": batch.coi or None,
        "Batch #:": batch.number,
        "Spec:": certificate.specification_version,
        "Market:": market,
        "Issued:": certificate.issued.replace(second=0, microsecond=0, tzinfo=None),
        "Containers:": str(batch.dose_units[0].containers),
        "Expiry:": _day(batch.dose_units[0].expires),
        "Disposition:": disposition[0] if pick.random() < 0.2 else disposition,
        **{LOT_LABELS[unit.component]: unit.lot for unit in batch.dose_units},
    }
    as_text = pick.random() < 0.1
    lines = [_line(test, as_text=as_text) for test in certificate.tests]
    read = (certificate.issued.date() - batch.filled.date()).days if batch.filled else 0
    if 0 < read < 14 and pick.random() < 0.8:
        lines = [{**line, "Result": f"NGTD d{read}"} if line["Result"] == "NGTD" else line for line in lines]
    return {"labels": labels, "lines": lines}


def _line(test: Test, *, as_text: bool) -> dict[str, Any]:
    name, method, unit, size = WORDS[test.name]
    if test.name == "sterility_dp" and test.method == "rapid":
        method = "rapid"
    result: str | float = RESULTS_IN_WORDS.get(test.text, "")
    if test.value is not None:
        value = round(test.value / size, 6)
        text = f"{int(value) if value == int(value) else value}"
        result = f"{test.comparator}{' ' if as_text else ''}{text}" if test.comparator or as_text else value
    verdict = "-" if test.is_within is None else "P" if test.is_within else "F"
    return {"Test": name, "Method": method, "Spec": _limits(test, unit, size), "Result": result, "P/F": verdict}


def _limits(test: Test, unit: str, size: float) -> str:
    if test.name in LIMITS_IN_WORDS:
        return LIMITS_IN_WORDS[test.name]
    low, high = (None if limit is None else f"{round(limit / size, 6):g}" for limit in (test.lower, test.upper))
    if low is not None and high is not None:
        text = f"{low}-{high}"
    elif low is not None:
        text = f">={low}"
    else:
        text = f"{'<' if test.comparator else '<='}{high}"
    return f"{text} {unit}".strip()


def _with_slip(record: Record) -> Record | None:
    """One figure mistyped, still within its limits; None where there is none."""
    for place, line in enumerate(record["lines"]):
        if line["Test"] == "CAR Expression" and isinstance(line["Result"], float) and line["P/F"] == "P":
            return _with_line(record, place, "Result", round(line["Result"] + 9, 1))
    return None


def _with_label(record: Record, label: str, value: object) -> Record:
    return {**record, "labels": {**record["labels"], label: value}}


def _with_line(record: Record, place: int, column: str, value: object) -> Record:
    lines = [{**line, column: value} if place == number else line for number, line in enumerate(record["lines"])]
    return {**record, "lines": lines}


def _wrong_chain(record: Record, _draws: Draws) -> Record | None:
    coi = record["labels"]["Patient ID:"]
    return _with_label(record, "Patient ID:", f"{coi[:-1]}-") if coi else None


def _any_line(column: str, value: str) -> Callable[[Record, Draws], Record | None]:
    """The column of one line, drawn, reads `value`."""
    return lambda record, draws: _with_line(record, draws.random.randrange(len(record["lines"])), column, value)


def _unknown_unit(record: Record, draws: Draws) -> Record | None:
    places = [place for place, line in enumerate(record["lines"]) if " %" in line["Spec"]]
    if not places:
        return None
    place = draws.random.choice(places)
    return _with_line(record, place, "Spec", record["lines"][place]["Spec"].replace(" %", " pct"))


def _no_result(record: Record, _draws: Draws) -> Record | None:
    places = [place for place, line in enumerate(record["lines"]) if line["Test"] == "IFNg"]
    return _with_line(record, places[0], "Result", None) if places else None


def _no_basis(record: Record, _draws: Draws) -> Record | None:
    places = [place for place, line in enumerate(record["lines"]) if line["Test"] == "VCN" and line["Result"]]
    return _with_line(record, places[0], "Method", WITHOUT_BASIS) if places else None


DEFECTS: dict[str, tuple[DefectClass, ...]] = {
    "certificate": (
        DefectClass("wrong_chain_of_identity", "R04", "row", "patient_id", 0.01, 0.04, _wrong_chain),
        DefectClass(
            "no_readable_issue", "D02", "row", "issued", 0.01, 0.04, lambda record, _draws: _with_label(record, "Issued:", "see cover page")
        ),
        DefectClass("no_batch", "D03", "row", "batch", 0.005, 0.02, lambda record, _draws: _with_label(record, "Batch #:", None)),
        DefectClass("unknown_test", "D04", "cell", "test", 0.02, 0.06, _any_line("Test", "Appearance")),
        DefectClass("unreadable_result", "R39", "cell", "result", 0.02, 0.06, _any_line("Result", "see attachment")),
        DefectClass("error_in_result", "D02", "cell", "result", 0.01, 0.04, _any_line("Result", ERROR)),
        DefectClass("unknown_unit", "D05", "cell", "limits", 0.02, 0.04, _unknown_unit),
        DefectClass("unknown_verdict", "D04", "cell", "verdict", 0.01, 0.04, _any_line("P/F", "see note")),
        DefectClass(
            "unknown_disposition",
            "D04",
            "cell",
            "disposition",
            0.01,
            0.04,
            lambda record, _draws: _with_label(record, "Disposition:", "hold"),
        ),
        DefectClass(
            "words_for_containers",
            "D02",
            "cell",
            "containers",
            0.005,
            0.01,
            lambda record, _draws: _with_label(record, "Containers:", "two bags"),
        ),
        DefectClass(
            "month_for_expiry",
            "D02",
            "cell",
            "expiry",
            0.005,
            0.01,
            lambda record, _draws: _with_label(record, "Expiry:", record["labels"]["Expiry:"][2:]),
        ),
        DefectClass("copies_without_basis", "R34", "cell", "result", 0.08, 0.14, _no_basis),
        DefectClass("result_left_out", "R40", "flag", None, 0.08, 0.14, _no_result, at_door=False),
    )
}
"""What goes wrong with certificates. A row that goes takes its lines with it."""
