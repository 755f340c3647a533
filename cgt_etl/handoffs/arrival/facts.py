"""Makes the arrival sheet of one dose: asks the questions of `queries/`, says what came out, and of what nobody told that nobody did.

Judges nothing: verdicts are the laboratory's, the carrier's, or those that the release has computed. Holds no page and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cgt_etl.errors import CgtError
from cgt_etl.handoffs.arrival import words
from cgt_etl.handoffs.arrival.sheet import Arrival, Row, Section, Tone, Verdict
from cgt_etl.handoffs.cards import wording

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(__file__).parent / "queries"
Record = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """Where the maker's own deliveries speak of a dose, and the tokens (by kind) that its numbers have in the release."""

    maker: str
    places: tuple[tuple[str, int], ...]
    """(delivery, position)."""
    tokens: dict[str, str]


@cache
def query(name: str) -> str:
    """The text of one query, as it stands in its file."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def arrival(connection: duckdb.DuckDBPyConnection, release: str, dose: str, number: str = "") -> Arrival:
    """The sheet of one dose unit.

    Args:
        connection: to the tables of `release`.
        number: of the lot or batch, as the vault has it, for a holder of the key; goes onto the sheet and nowhere else.

    Raises:
        CgtError: the release has no such dose.
    """
    found = ask(connection, "dose", dose)
    if not found:
        raise CgtError("the release has no such dose", remedy="`cgt-etl recall -` says what it may be")
    one = found[0]
    results, ways, held = (ask(connection, name, dose) for name in ("certificate", "way", "held"))
    steps, marks = ask(connection, "steps", dose), ask(connection, "found", dose)
    edge = ask(connection, "edge", dose)[0]["last_date"]
    name = " ".join(filter(None, (one["product_name_code"], one["component_code"]))) or "product not told"
    verdicts = (
        _identity([row for row in held if row["is_of_dose"]]),
        _temperature(ways),
        _certificate(results),
        _disposition(one),
        _use_by(one, edge),
    )
    return Arrival(
        dose=dose,
        title=name,
        release=release,
        data_until=edge.isoformat() if edge else words.NOT_TOLD,
        verdicts=verdicts,
        sections=(
            _what(one, number),
            _limits(results),
            *(_way(row) for row in ways),
            *_no_way(ways),
            _held(held),
            _steps(steps),
            _marks(marks),
        ),
        recall=f"cgt-etl recall {dose}",
    )


def source(connection: duckdb.DuckDBPyConnection, dose: str) -> Source:
    """For whoever has the key to look the dose's number up. Without places where nobody tells who made it, or the maker tells nothing."""
    one = ask(connection, "dose", dose)[0]
    maker = one["maker_party_id"] or ""
    rows = ask(connection, "source", dose)
    own = tuple(
        (row["source_delivery"], int(row["source_row"])) for row in rows if maker and row["source_delivery"].startswith(f"{maker}/")
    )
    return Source(maker, own, {"lot": one["lot_id"], "batch": one["batch_id"]})


def ask(connection: duckdb.DuckDBPyConnection, name: str, dose: str) -> list[Record]:
    """The rows of a query, in an order that the rows alone decide."""
    text = query(name)
    given = {"dose": dose} if "$dose" in text else {}
    frame: pl.DataFrame = connection.execute(f"select * from ({text}) order by all", given).pl()  # noqa: S608  ours alone
    return frame.to_dicts()


def _identity(held: list[Record]) -> Verdict:
    """Of the dose's own changes of hands."""
    said = [row["identity_verdict"] for row in held]
    if any(one in words.WRONG for one in said):
        return Verdict("Identity", "the two sides' records differ", "look")
    if said and all(one == words.SAID_BY_BOTH for one in said):
        return Verdict("Identity", "both sides name the same", "good")
    return Verdict("Identity", "not confirmed by both sides", "unknown")


def _temperature(ways: list[Record]) -> Verdict:
    asks = "Temperature on the way"
    told = [minutes or 0 for row in ways for minutes in (row["stated_out_of_specification_min"], row["read_out_of_specification_min"])]
    # a reading alone outside: at least no minute of it, at most those beside it
    most = max((row["read_out_of_specification_most_min"] or 0 for row in ways), default=0)
    if any(told):
        return Verdict(asks, f"{max(told):g} min outside the limits", "look")
    if most:
        return Verdict(asks, f"a reading lies outside the limits, up to {most:g} min", "look")
    if why := _untraced(ways):
        return Verdict(asks, why, "unknown")
    return Verdict(asks, "the trace stays within the limits", "good")


def _untraced(ways: list[Record]) -> str:
    """Why the trace cannot tell for the whole way; empty where it can."""
    unjudged = [row for row in ways if row["read_out_of_specification_min"] is None]
    gaps = sum(row["gap_min"] or 0 for row in ways)
    if not ways:
        return words.NO_SHIPMENT
    if unjudged:
        return words.NO_LIMITS if all(row["reading_count"] for row in unjudged) else words.NO_TRACE
    return f"within the limits as far as read; gaps of {gaps:g} min" if gaps else ""


def _certificate(results: list[Record]) -> Verdict:
    asks = "Certificate against specification"
    if not results:
        return Verdict(asks, words.NO_CERTIFICATE, "unknown")
    judged = [_judged(row) for row in results]
    failed, passed = judged.count("look"), judged.count("good")
    if failed:
        return Verdict(asks, f"{failed} of {len(results)} results outside", "look")
    if passed < len(results):
        return Verdict(asks, f"{passed} of {len(results)} within; {len(results) - passed} not judged", "unknown")
    return Verdict(asks, f"all {passed} results within", "good")


def _judged(row: Record) -> Tone:
    """Outside where the laboratory or the limits say so; within where one says so and neither the contrary, and the result is final."""
    said = {row["verdict_code"], row["recomputed_verdict_code"]}
    if "fail" in said:
        return "look"
    return "good" if "pass" in said and row["status_code"] != "preliminary" else "unknown"


def _disposition(one: Record) -> Verdict:
    code = one["disposition_code"]
    if code is None:
        return Verdict("Disposition", words.NOT_TOLD, "unknown")
    said = words.DISPOSITIONS.get(code) or str(code)
    if code == "infused":
        batch = one["batch_disposition_code"]
        said += f"; of its batch: {words.DISPOSITIONS.get(batch) or str(batch) if batch else words.NOT_TOLD}"
    return Verdict("Disposition", said, "good" if code == "released" else "look")


def _use_by(one: Record, edge: date | None) -> Verdict:
    """Until when it may be given, and how soon after its thaw. Past is what lies before the last day of the release."""
    asks, until, window = "Expiry, thaw window", one["expiry_date"], one["thaw_window_min"]
    if until is not None and edge is not None and until < edge:
        return Verdict(asks, f"its last day was {until.isoformat()}", "look")
    if until is None and window is None:
        return Verdict(asks, "not told: read the label", "unknown")
    said = "expiry not told" if until is None else f"until {until.isoformat()}"
    said += "; thaw window not told" if window is None else f"; begin within {window:g} min of the thaw"
    return Verdict(asks, said, "unknown" if until is None or window is None else "good")


def _container(one: Record) -> str:
    number, count = one["container_no"], one["container_count"]
    if number is not None:
        return f"{number} of {count}" if count is not None else str(number)
    return words.NO_CONTAINER if count is None else f"the lot is in {count}; no record says which this is"


def _storage(one: Record) -> str:
    low, high = one["storage_lower_c"], one["storage_upper_c"]
    if low is None or high is None:
        return words.NOT_TOLD if low is None and high is None else f"at most {high:g} °C" if low is None else f"at least {low:g} °C"
    return f"{low:g} to {high:g} °C"


def _what(one: Record, number: str) -> Section:
    by_token = f"token {one['lot_id']}: the number itself is in no release"
    made = one["ended_date"].isoformat() if one["ended_date"] else words.NOT_TOLD
    cells, until, window = one["planned_cells_10_6"], one["expiry_date"], one["thaw_window_min"]
    rows = (
        ("Lot", f"{number}, as the maker writes it" if number else by_token),
        ("Container", _container(one)),
        ("Product", " ".join(filter(None, (one["product_name_code"], one["component_code"]))) or words.NOT_TOLD),
        ("For recipient", f"key {one['recipient_subject_id']}" if one["recipient_subject_id"] else words.NOT_TOLD),
        ("Made by", one["maker_name"] or words.NOT_TOLD),
        ("Manufacture ended", made + (", in place of an earlier batch" if one["is_remake"] else "")),
        ("Process version", one["process_version"] or words.NOT_TOLD),
        ("Cells to give", f"{cells:g} million, by the certificate" if cells is not None else words.NOT_TOLD),
        ("Expiry", words.EXPIRY if until is None else f"last day {until.isoformat()}, the earliest that a record states"),
        ("Thaw window", words.THAW if window is None else f"{window:g} min from the thaw to the start of the infusion"),
        ("Storage", _storage(one)),
    )
    return Section("What it is", ("", ""), tuple(Row(cells) for cells in rows), "Compare lot, product and patient with the label itself.")


def _limits(results: list[Record]) -> Section:
    order = {"look": 0, "unknown": 1, "good": 2}
    rows = [Row((*_result(row), _limit(row), _said(row)), _judged(row)) for row in results]
    versions = sorted({row["version"] for row in results if row["version"]})
    note = f"Specification {', '.join(versions)}. " if versions else ""
    head = ("attribute", "result", "specification", "laboratory; computed")
    note = (
        f"{note}Computed: the result held against these limits when the release was made."
        if rows
        else f"Not known: {words.NO_CERTIFICATE}."
    )
    return Section("Certificate of release", head, tuple(sorted(rows, key=lambda row: (order[row.tone], row.cells))), note)


def _result(row: Record) -> tuple[str, str]:
    label = words.label(row["measurement"])
    if row["value"] is not None:
        said = f"{row['comparator'] or ''}{row['value']:g} {words.unit(row['unit'])}".strip()
    else:
        said = words.RESULTS.get(row["value_code"] or "", row["value_code"] or "no result")
    return label, said + (" (interim)" if row["status_code"] == "preliminary" else "")


def _limit(row: Record) -> str:
    if row["limit_code"]:
        return words.RESULTS.get(row["limit_code"]) or str(row["limit_code"])
    low, high = row["lower_limit"], row["upper_limit"]
    if low is None and high is None:
        return "no limit told"
    if low is None or high is None:
        return f"at most {high:g}" if low is None else f"at least {low:g}"
    return f"{low:g} to {high:g}"


def _said(row: Record) -> str:
    return f"{row['verdict_code'] or 'not judged'}; {row['recomputed_verdict_code'] or 'cannot be computed'}"


def _way(row: Record) -> Section:
    hours, limit = row["transit_h"], row["limit_h"]
    until, stated = row["qualified_until_at_utc"], row["stated_out_of_specification_min"]
    received = row["received_at_utc"]
    is_late = hours is not None and limit is not None and hours > limit
    is_past = until is not None and received is not None and received > until
    on_the_way = words.NOT_TOLD if hours is None else f"{hours:.1f} h"
    lines = (
        Row(("Dispatched", _at(row["sent_at_utc"]))),
        Row(("Received", _at(received))),
        Row(
            ("On the way", f"{on_the_way}; {'no limit is published' if limit is None else f'limit {limit:g} h'}"),
            "look" if is_late else "good",
        ),
        Row(("Shipper qualified until", _at(until) + ("; received after it" if is_past else "")), "look" if is_past else "good"),
        Row(("Outside the limits, by the carrier", words.NOT_TOLD if stated is None else f"{stated:g} min"), "look" if stated else "good"),
        *_trace(row),
    )
    return Section(
        "On the way, by the records",
        ("", ""),
        lines,
        "The trace is held against the limits that the carrier's custody record states; they are not in a release.",
    )


def _trace(row: Record) -> tuple[Row, ...]:
    least, most = row["read_out_of_specification_min"], row["read_out_of_specification_most_min"]
    if not row["reading_count"]:
        return (Row(("Logger trace", words.NO_TRACE), "unknown"),)
    span = "no temperature among them" if row["lowest_c"] is None else f"{row['lowest_c']:g} to {row['highest_c']:g} °C, lid closed"
    outside = words.NO_LIMITS if least is None else f"{least:g} min" + (f", at most {most:g} min" if most not in (None, least) else "")
    lid, openings, gap = row["lid_open_min"], row["lid_opening_count"], row["gap_min"]
    opened = wording.many(openings, "time") if openings is not None else words.NOT_TOLD
    return (
        Row(("Logger trace", f"{row['reading_count']} readings of {wording.many(row['logger_count'], 'logger')}; {span}")),
        Row(("Outside the limits, by the trace", outside), "unknown" if least is None else "look" if least or most else "good"),
        Row(("Lid open", f"{opened}; outside meanwhile: {words.NOT_TOLD if lid is None else f'{lid:g} min'}")),
        Row(("Gaps in the trace", words.NOT_TOLD if gap is None else f"{gap:g} min" if gap else "none"), "look" if gap else "good"),
    )


def _no_way(ways: list[Record]) -> tuple[Section, ...]:
    return (
        () if ways else (Section("On the way, by the records", ("", ""), (), f"Not known: {words.NO_SHIPMENT}, and so {words.NO_TRACE}."),)
    )


def _held(held: list[Record]) -> Section:
    rows = []
    for row in sorted(held, key=lambda row: (str(row["sent_at_utc"] or row["had_at_utc"] or "later"), row["handoff_code"] or "")):
        what = wording.kind(row["handoff_code"])[0]
        wrong = [label for column, label in words.DIMENSIONS.items() if row[column] in words.WRONG]
        untold = [label for column, label in words.DIMENSIONS.items() if row[column] not in (words.SAID_BY_BOTH, *words.WRONG)]
        said = "; ".join(filter(None, (
            f"DIFFERS: {', '.join(wrong)}" if wrong else "",
            f"not confirmed by both: {', '.join(untold)}" if untold else "",
        ))) or "both sides agree"  # fmt: skip
        had = _at(row["had_at_utc"]) + (" (first use)" if row["is_first_act"] else "")
        had = had if row["status_code"] == "received" else f"{row['status_code']}: {had}"
        tone: Tone = "look" if wrong or row["status_code"] == "lost" else "unknown" if untold else "good"
        who = f"{row['sender_name'] or 'giver not told'} to {row['receiver_name'] or 'receiver not told'}"
        rows.append(Row((what, who, _at(row["sent_at_utc"]), had, said), tone))
    note = "" if rows else "Not known: no change of hands of it is on record."
    return Section("Who held it when", ("what", "from, to", "given", "received", "both sides' records"), tuple(rows), note)


def _steps(steps: list[Record]) -> Section:
    rows = [
        Row((
            words.EVENTS[row["event_type"]],
            row["occurred_date"].isoformat() if row["occurred_date"] else "day not told",
            row["party_name"] or words.NOT_TOLD,
        ), "look" if row["event_type"] in ("batch_oos", "infusion_started", "product_discarded") else "good")
        for row in sorted(steps, key=lambda row: (str(row["occurred_date"]), row["event_type"]))
    ]  # fmt: skip
    told = {row["event_type"] for row in steps}
    lacking = [words.EVENTS[name] for name in ("drug_product_filled", "qc_result_reported", "batch_released") if name not in told]
    return Section("Steps", ("step", "day", "by"), tuple(rows), f"Not told by any record: {', '.join(lacking)}." if lacking else "")


def _marks(marks: list[Record]) -> Section:
    rows = [Row((row["rule_id"], row["table_name"].replace("_", " "), wording.rule(row["rule_id"])), "look") for row in marks]
    return Section(
        "Marked by rules", ("rule", "what", "asks"), tuple(rows), "" if rows else "No rule marked the dose, its batch or its shipment."
    )


def _at(at: datetime | None) -> str:
    return words.NOT_TOLD if at is None else f"{at:%Y-%m-%d %H:%M} UTC"
