"""Released handoffs against those of the truth: each found with both its sides, at the instants that are on record, and the faults shown.

A handoff is asked for where standing records tell of its giving and of its receiving (for H08 and its like also what was packed: without
it nobody knows what went where). Two are one where the events that they rest on come from records of the same shipment, batch or donation;
no value is compared but instants and kinds. The laboratory that freezes is no party of the truth's H05, so neither that receiver nor when
it had the cells is judged; when samples of a batch came (H10) no file says.

Only faults of which the delivered files hold evidence count, by the class's word in the truth: `clock_skew` (the receipt on record is
before the dispatch), `count_mismatch` (the laboratory counted other than the collector; a box's packing names fewer donations than its
batch took), and, where the shipment's custody record stands and nothing was injected into it, `temperature`, `seal_broken` and
`papers_missing`. An identity swap leaves no trace in any file; a lost report is no handoff that two partners tell of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cgt_etl.simulator.scoring.events import Spoken
from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.links import Links
from cgt_etl.simulator.scoring.release import At, Released
from cgt_etl.simulator.scoring.truth import Row, TruthFiles

PART = "handoffs"
Key = tuple[str, str]
"""What changed hands: `to_carrier` or `by_carrier` with the container's code, `batch` or `donation` with its number."""
Event = tuple[str, str]
"""Type, and what it happened to."""
ON_RECORD = {"temperature": "temperature_verdict", "seal_broken": "seal_verdict", "papers_missing": "papers_verdict"}
FAULTS = {"clock_skew": "time_order_verdict", "count_mismatch": "count_verdict", **ON_RECORD}
"""Class of fault -> the verdict that shows it; `ON_RECORD` by the shipment's custody record."""
WRONG = ("discrepant", "impossible")
TO_CARRIER = ("H07", "H13")
COLUMNS = (
    "handoff_id", "handoff_code", "sender_party_id", "receiver_party_id", "sender_event_id", "receiver_event_id", "sent_at_utc",
    "received_at_utc", *FAULTS.values(),
)  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """A handoff of the truth, and the events by which files tell of it."""

    code: str
    key: Key
    sender: str
    receiver: str | None
    """None where no file names it."""
    giving: Event
    taking: Event | None
    """The event whose instant is that of receiving; None where no file states it."""
    is_told: bool
    """Standing records tell of both sides."""
    fault: str
    """Empty also where no file shows it."""
    has_sound_form: bool = False
    """Whether the custody record of its shipment stands, with nothing injected into it."""


def figures(links: Links, found_target: float, target: float | None) -> Iterator[Figure]:
    """Found is asked for by `found_target`, the rest by `target`."""
    stated = _stated(links.truth)
    true = {one.key: one for one in _true(links.truth, stated)}
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in sorted(links.released.table("handoff", *COLUMNS))]
    keys = _keys(links, rows)
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        for key in keys[row["handoff_id"]]:
            found[key].append(row)
    told = [one for one in true.values() if one.is_told]
    missed = [_where(one) for one in told if not any(row["sender_event_id"] and row["receiver_event_id"] for row in found[one.key])]
    pairs = [(one, found[one.key][0]) for one in told if found[one.key]]
    strange = [f"{row['handoff_code']}: one of no true handoff" for row in rows if not any(key in true for key in keys[row["handoff_id"]])]
    yield counted(PART, "found with both sides", len(told), missed, found_target)
    yield counted(PART, "found once", len(pairs), [_where(one) for one, _ in pairs if len(found[one.key]) > 1], target)
    yield counted(PART, "nothing else", len(rows), strange, target)
    yield counted(PART, "kind", len(pairs), [_where(one) for one, row in pairs if row["handoff_code"] != one.code], target)
    yield counted(PART, "sender and receiver", len(pairs), [_where(one) for one, row in pairs if not _are_sides(one, row)], target)
    yield counted(PART, "instants", len(pairs), [_where(one) for one, row in pairs if not _are_instants(one, row, stated)], target)
    for fault, verdict in FAULTS.items():
        judged = [(one, row) for one, row in pairs if one.has_sound_form or fault not in ON_RECORD]
        wanted = [(one, row) for one, row in judged if one.fault == fault]
        shown = [(one, row) for one, row in judged if row[verdict] in WRONG]
        unseen = [_where(one) for one, row in wanted if row[verdict] not in WRONG]
        yield counted(PART, f"{fault}, found", len(wanted), unseen, target)
        yield counted(PART, f"{fault}, nothing else", len(shown), [_where(one) for one, _ in shown if one.fault != fault], target)


def _where(one: Truth) -> str:
    return f"{one.code} from {one.sender}"


def _stated(truth: TruthFiles) -> dict[Event, list[tuple[str, Spoken]]]:
    """Event -> the partners that state it in standing records, and when."""
    found: dict[Event, list[tuple[str, Spoken]]] = defaultdict(list)
    for record in truth.standing:
        is_blurred = (record["file"], record["position"]) in truth.blurred
        for event in record["events"]:
            said = (event["local"], event["utc"], is_blurred)
            found[event["event_type"], _thing(event)].append((truth.files[record["file"]]["partner"], said))
    return found


def _thing(event: Row) -> str:
    """What an event happened to, without the day or the part that tells it from others of its kind."""
    return str(event["object"]).split("/")[0]


def _true(truth: TruthFiles, stated: Mapping[Event, list[tuple[str, Spoken]]]) -> Iterator[Truth]:
    spoiled = {(row["file"], row["position"]) for row in truth.defects}
    sound = {sscc for sscc, record in truth.custody.items() if (record["file"], record["position"]) not in spoiled}
    many = {(row["journey"], tuple(row["contents"])): len({one.split(":")[0] for one in row["contents"]}) for row in truth.shipments}
    for row in truth.handoffs:
        objects = tuple(row["objects"])
        sscc = truth.legs.get((row["journey"], objects, row["sent"]))
        if sscc is not None:
            is_first = row["code"] in TO_CARRIER
            steps = [(f"shipment_{step}", sscc) for step in ("packed", "dispatched", "received")]
            # who sends a box and alone tells of its leaving does not say whom it gave it to
            is_named = not is_first or any(partner != row["sender"] for partner, _ in stated.get(steps[1], ()))
            is_short = row["fault"] == "count_mismatch" and _is_short(row, many[row["journey"], objects])
            shown = not is_first and (row["fault"] == "clock_skew" or is_short)
            yield Truth(
                code=row["code"],
                key=("to_carrier" if is_first else "by_carrier", sscc),
                sender=row["sender"],
                receiver=row["receiver"] if is_named else None,
                giving=steps[0] if is_first else steps[1],
                taking=steps[1] if is_first else steps[2],
                is_told=all(step in stated for step in (steps[:2] if is_first else steps)),
                fault=row["fault"] if shown or row["fault"] in ON_RECORD else "",
                has_sound_form=sscc in sound,
            )
        elif row["code"] == "H10":
            giving, taking = ("drug_product_filled", objects[0]), ("qc_result_reported", objects[0])
            is_told = giving in stated and taking in stated
            yield Truth("H10", ("batch", objects[0]), row["sender"], row["receiver"], giving, None, is_told, "")
        elif row["code"] == "H05":
            for din in objects:
                giving, taking = ("apheresis_completed", din), ("cryopreservation_started", din)
                is_told = taking in stated and any(partner == row["sender"] for partner, _ in stated.get(giving, ()))
                fault = row["fault"] if row["fault"] == "count_mismatch" else ""
                yield Truth("H05", ("donation", din), row["sender"], None, giving, None, is_told, fault)


def _is_short(row: Row, donation_count: int) -> bool:
    """Whether its packing names fewer donations than there were: nobody could leave one out of a box of one."""
    return row["code"] == "H08" and donation_count > 1


def _keys(links: Links, rows: Sequence[Row]) -> dict[str, set[Key]]:
    """Released handoff -> what changed hands, by the records that its events come from."""
    kinds = {
        "sender_event_id": {"shipment_packed": "to_carrier", "shipment_dispatched": "by_carrier", "drug_product_filled": "batch"},
        "receiver_event_id": {
            "shipment_dispatched": "to_carrier", "shipment_received": "by_carrier", "qc_result_reported": "batch",
            "cryopreservation_started": "donation",
        },
    }  # fmt: skip
    pooled = links.truth.pooled if rows else {}  # a laboratory names a pool that it freezes, the handoff what was pooled
    things: dict[tuple[str, At], set[str]] = defaultdict(set)
    for record in links.truth.standing:
        for event in record["events"]:
            if record["file"] in links.delivery_of:
                thing = _thing(event)
                things[event["event_type"], (links.delivery_of[record["file"]], record["position"])] |= {thing} | pooled.get(thing, set())
    events = _events(links.released)
    found: dict[str, set[Key]] = defaultdict(set)
    for row in rows:
        for column, of_type in kinds.items():
            type_, places = events.get(row[column], ("", frozenset()))
            if type_ in of_type:
                found[row["handoff_id"]] |= {(of_type[type_], thing) for at in places for thing in things[type_, at]}
    return found


def _events(released: Released) -> dict[str, tuple[str, frozenset[At]]]:
    return {
        id_: (type_, frozenset(released.sources["event"].get(id_, set()) | {(delivery, row)}))
        for id_, type_, delivery, row in released.table("event", "event_id", "event_type", "source_delivery", "source_row")
    }


def _are_sides(one: Truth, row: Row) -> bool:
    return row["sender_party_id"] == one.sender and one.receiver in (None, row["receiver_party_id"])


def _are_instants(one: Truth, row: Row, stated: Mapping[Event, list[tuple[str, Spoken]]]) -> bool:
    """Each as a sound record states it; a side's own where it has one (a donation's collector, not the hospital)."""
    for event, column in ((one.giving, "sent_at_utc"), (one.taking, "received_at_utc")):
        if event is None:
            continue
        own = [said for partner, said in stated[event] if partner == one.sender] or [said for _, said in stated[event]]
        said: datetime | None = row[column]
        if not any(utc is not None and said is not None and utc[:19] == said.isoformat()[:19] for _, utc, _ in own):
            return False
    return True
