"""Batch production records in B2MML, as a contract manufacturer's execution system exchanges them: one document a night.

What a record says is what `mes` says in a table. It is sent whole each time that it has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from xml.sax.saxutils import escape

from cgt_etl.simulator import numbers, plant
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import _batch as batch_record
from cgt_etl.simulator.facts import DefectClass, Fact, Layout, Named, Record, Stated, Text
from cgt_etl.simulator.model import Batch, Journey, ProcessPoint
from cgt_etl.simulator.parties import Network

DIALECT = "mes_b2mml"
BEGIN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ShowBatchProductionRecord xmlns="http://www.mesa.org/xml/B2MML" releaseID="0700">\n<ApplicationArea/>\n<DataArea>\n<Show/>\n'
)
END = "</DataArea>\n</ShowBatchProductionRecord>\n"


def write(record: Record) -> str:
    """The element of one record: `batch`, `coi`, `status`, and its `events`."""
    texts = [
        _element("ID", f"BPR-{record['batch']}"),
        _element("EntryID", "1"),
        _element("ObjectType", "Batch Production Record"),
        _element("ExternalReference", record["coi"]),
        _element("BatchID", record["batch"]),
        _element("RecordStatus", record["status"]),
    ]
    events = "\n".join(_event(place, event) for place, event in enumerate(record["events"], start=1))
    return f"<BatchProductionRecord>\n{''.join(texts)}\n<Events>\n{events}\n</Events>\n</BatchProductionRecord>"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""


def _event(place: int, event: Record) -> str:
    """One event: `at`, `kind` (type and subtype), `values` (key, text, unit), `operation`, `equipment`."""
    type_, subtype = event["kind"]
    values = "".join(
        f"<Value>{_element('ValueString', text)}<DataType>string</DataType>{_element('UnitOfMeasure', unit)}{_element('Key', key)}</Value>"
        for key, text, unit in event["values"]
    )
    return (
        f"<Event><EntryID>E{place}</EntryID><ObjectType>Event</ObjectType>{_element('TimeStamp', event['at'])}"
        f"<EventType>{type_}</EventType><EventSubType>{subtype}</EventSubType>{_element('EquipmentID', event.get('equipment', ''))}{values}"
        f"{_element('ProceduralElementReference', event.get('operation', ''))}</Event>"
    )


FEEDS: Mapping[str, Layout] = {"record": Text("batch_records_{stamp}.xml", write, BEGIN, END, by_number=True)}
REAGENTS = ("media", "cytokine", "beads")
"""Kinds of material, beside the vector, whose lots are in a record."""
CONSUME, ALLOCATION = ("Material", "Consume"), ("General", "Allocation")
PROCESS_DATA, STATUS_CHANGE = ("Procedural Execution", "Process Data"), ("General", "Status Change")


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The record of each batch of the journey, as it stands after each day on which something was read."""
    for batch in journey.batches:
        has_division = not draws.chance(batch_record.WITHOUT_DIVISION)
        days = sorted({_day(point.at) for point in batch.points} | ({_day(batch.terminated)} if batch.terminated else set()))
        for place, known in enumerate(days):
            points = [point for point in batch.points if _day(point.at) <= known]
            is_last = place == len(days) - 1
            record = _record(batch, points, has_division=has_division, is_last=is_last)
            yield Fact(
                partner=batch.product.manufacturer,
                feed="record",
                known=known,
                record=record,
                key=(batch.number,),
                journey=journey.number,
                persons=(Named("coi", "coi", "", batch.coi, "recipient", journey.patient.number),) if batch.coi else (),
                events=_stated(journey, batch, points, is_last=is_last),
                edges=(*batch_record.consumed(batch, has_division=has_division), *batch_record.remade(batch)),
                objects=_objects(batch),
                until=None if is_last else days[place + 1],
                is_final=is_last,
            )


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _stated(journey: Journey, batch: Batch, points: list[ProcessPoint], *, is_last: bool) -> tuple[Stated, ...]:
    steps = [batch_record.step(journey, batch, point) for point in points]
    if batch.terminated and is_last:
        at = numbers.utc(batch.terminated)
        steps.append(Stated("batch_terminated", batch_record.whose(journey, batch), at, at, batch.number))
    return tuple(dict.fromkeys(steps))


def _objects(batch: Batch) -> tuple[tuple[str, str, str], ...]:
    product, vector = batch.product, batch_record.vector_lot(batch)
    reagents = [("material_lot", product.manufacturer, one.lot) for one in batch.materials if one.kind in REAGENTS]
    return (
        ("batch", product.numbered_by, batch.number),
        *([("batch", product.numbered_by, batch.replaces)] if batch.replaces else []),
        *([("material_lot", product.manufacturer, vector)] if vector else []),
        *reagents,
        *(("din", "", din) for din in dict.fromkeys(bag.din for bag in batch.inputs)),
    )


def _record(batch: Batch, points: list[ProcessPoint], *, has_division: bool, is_last: bool) -> Record:
    donations = batch_record.starting_material(batch, has_division=has_division)
    events: list[Record] = [{"at": _stamp(batch.started), "kind": CONSUME, "values": [("DIN", din, "") for din in donations]}]
    if batch.replaces:
        events.append({"at": _stamp(batch.started), "kind": ALLOCATION, "values": [("REWORK_OF", batch.replaces, "")]})
    events.append({"at": _stamp(batch.started), "kind": ALLOCATION, "values": [("PROCESS_VERSION", plant.process_version(batch), "")]})
    reagents = [value for kind in REAGENTS for value in _used(batch, kind)]
    events.append({"at": _stamp(batch.started), "kind": CONSUME, "values": reagents})
    vector = batch_record.vector_lot(batch)
    transduced = next((point.at for point in points if point.operation == "TDX"), None)
    if vector and transduced:
        events.append({"at": _stamp(transduced), "kind": CONSUME, "values": _used(batch, "vector")})
    for point in points:
        value, equipment = (batch_record.parameter(point), f"{point.value:g}", point.unit), plant.equipment(batch, point)
        at = _stamp(point.at)
        events.append({"at": at, "kind": PROCESS_DATA, "values": [value], "operation": point.operation, "equipment": equipment})
    status = "In Process"
    if is_last:
        status = "Aborted" if batch.terminated else "Approved"
    if is_last and batch.terminated:
        events.append({"at": _stamp(batch.terminated), "kind": STATUS_CHANGE, "values": [("RecordStatus", "Aborted", "")]})
    return {"batch": batch.number, "coi": batch.coi, "status": status, "events": events}


def _used(batch: Batch, kind: str) -> list[tuple[str, str, str]]:
    """The lot of this kind of material and the last day of its use, as values of an event; none where it used none."""
    lots = [one.lot for one in batch.materials if one.kind == kind]
    name = kind.upper()
    return [value for lot in lots for value in ((f"{name}_LOT", lot, ""), (f"{name}_EXPIRY", batch_record.expiry(batch, kind), ""))]


def _stamp(at: datetime) -> str:
    return f"{numbers.utc(at)}Z"


def _with(name: str, text: Callable[[str], str | None]) -> Callable[[Record, Draws], Record | None]:
    """A defect of the record's own; none where `text` gives None."""

    def apply(record: Record, draws: Draws) -> Record | None:
        changed = text(record[name])
        return None if changed is None else {**record, name: changed}

    return apply


def _of_value(change: Callable[[str, str], tuple[str, str]]) -> Callable[[Record, Draws], Record | None]:
    """A defect of one value that was read, and its unit."""

    def apply(record: Record, draws: Draws) -> Record | None:
        places = [place for place, event in enumerate(record["events"]) if event["kind"] == PROCESS_DATA]
        place = draws.random.choice(places)
        [(key, text, unit)] = record["events"][place]["values"]
        changed = {**record["events"][place], "values": [(key, *change(text, unit))]}
        return {**record, "events": [*record["events"][:place], changed, *record["events"][place + 1 :]]}

    return apply


def _without(key: str) -> Callable[[Record, Draws], Record | None]:
    """The record without what its line consumed under this key."""

    def apply(record: Record, draws: Draws) -> Record | None:
        left = [event for event in record["events"] if event["values"][0][0] != key]
        return {**record, "events": left} if len(left) < len(record["events"]) else None

    return apply


def _other_doublings(record: Record, draws: Draws) -> Record | None:
    """The doublings of another culture beside this one's fold: both stand in one record."""
    read = [event["values"][0][0] for event in record["events"] if event["kind"] == PROCESS_DATA]
    if "PDL" not in read or not any(name.endswith("_FOLD") for name in read):
        return None

    def changed(event: Record) -> Record:
        key, text, unit = (*event["values"], ("", "", ""))[0]
        return {**event, "values": [(key, f"{float(text) + 1:g}", unit)]} if key == "PDL" else event

    return {**record, "events": [changed(event) for event in record["events"]]}


def _other_phenotype(record: Record, draws: Draws) -> Record | None:
    """More naive cells than the other three parts leave of the whole: all four stand in one record."""
    if not any(event["values"][0][0] == "TN" for event in record["events"] if event["kind"] == PROCESS_DATA):
        return None

    def changed(event: Record) -> Record:
        key, text, unit = (*event["values"], ("", "", ""))[0]
        return {**event, "values": [(key, f"{float(text) + 7:g}", unit)]} if key == "TN" else event

    return {**record, "events": [changed(event) for event in record["events"]]}


def _other_fold(record: Record, draws: Draws) -> Record | None:
    """A tenth more than the cells that were harvested are of those that were seeded; too little for the doublings to tell."""
    read = [event["values"][0][0] for event in record["events"] if event["kind"] == PROCESS_DATA]
    if "HARV_TVC" not in read or "SEED_CD3" not in read:
        return None

    def changed(event: Record) -> Record:
        key, text, unit = (*event["values"], ("", "", ""))[0]
        return {**event, "values": [(key, f"{float(text) * 1.1:.4g}", unit)]} if key.endswith("_FOLD") else event

    return {**record, "events": [changed(event) for event in record["events"]]}


def _again(record: Record, draws: Draws) -> Record:
    """With its last value read once more, a little lower: so little that doublings still agree with their fold (R32)."""
    place = max(place for place, event in enumerate(record["events"]) if event["kind"] == PROCESS_DATA)
    [(key, text, unit)] = record["events"][place]["values"]
    changed = {**record["events"][place], "values": [(key, f"{float(text) * 0.995:.4g}", unit)]}
    return {**record, "events": [*record["events"][:place], changed, *record["events"][place + 1 :]]}


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "record": (
        DefectClass("short_chain_of_identity", "R04", "row", None, 0.03, 0.08, _with("coi", lambda text: text[:-1] or None)),
        DefectClass("no_batch", "D03", "row", None, 0.03, 0.08, _with("batch", lambda _: "")),
        DefectClass("unknown_status", "D04", "cell", "record_status", 0.05, 0.1, _with("status", lambda _: "On Hold")),
        DefectClass("unknown_unit", "D05", "cell", "value", 0.06, 0.12, _of_value(lambda text, _: (text, "see SOP"))),
        DefectClass("words_for_a_number", "R39", "cell", "value", 0.06, 0.12, _of_value(lambda text, unit: (f"about {text}", unit))),
        DefectClass("vector_lot_left_out", "R14", "flag", None, 0.04, 0.08, _without("VECTOR_LOT"), at_door=False),
        DefectClass(
            "starting_material_left_out",
            "R14",
            "flag",
            None,
            0.04,
            0.08,
            _without("DIN"),
            at_door=False,
            loses_edges=frozenset({"consume"}),
        ),
        DefectClass("doublings_of_another_culture", "R32", "flag", None, 0.1, 0.18, _other_doublings, at_door=False),
        DefectClass("phenotypes_not_a_whole", "R31", "flag", None, 0.06, 0.08, _other_phenotype, at_door=False),
        DefectClass("fold_of_another_count", "R35", "flag", None, 0.05, 0.05, _other_fold, at_door=False),
    ),
}
"""What goes wrong with batch production records. A record that goes takes its parameters with it."""
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {"record": _again}
