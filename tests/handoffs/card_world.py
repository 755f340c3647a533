"""A small warehouse made by hand: the released tables that cards ask, with nine collectors, a courier, a manufacturer, two hospitals.

Every partner's name, ids, files and tokens carry a word of its own, so that a card in which another's turns up is seen.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import duckdb
import polars as pl

COLLECTORS = tuple(f"{tree}_blood_centre" for tree in ("alder", "birch", "cedar", "damson", "elder", "fuchsia", "ginkgo", "hazel", "ilex"))
COURIER, MANUFACTURER, HOSPITALS = "juniper_couriers", "larch_therapies", ("maple_hospital", "olive_hospital")
PARTIES = (*COLLECTORS, COURIER, MANUFACTURER, *HOSPITALS)
BEGIN = datetime(2026, 1, 5, 8)  # noqa: DTZ001  UTC, as timestamps of a release are

TABLES = {
    "party": "party_id text, party_name text, legal_entity text, roles text",
    "site": "site_id text, party_id text, site_name text, gln text",
    "handoff": (
        "handoff_id text, handoff_code text, journey_id text, sender_party_id text, receiver_party_id text, shipment_id text, "
        "collection_id text, batch_id text, administration_id text, sender_event_id text, receiver_event_id text, "
        "sender_last_act_at_utc timestamp, sent_at_utc timestamp, received_at_utc timestamp, receiver_first_act_at_utc timestamp, "
        "transit_h double, transit_limit_h double, sender_cells_10_9 double, receiver_cells_10_9 double, status_code text, open_h double, "
        "open_limit_h double, identity_verdict text, count_verdict text, time_order_verdict text, transit_verdict text, "
        "temperature_verdict text, seal_verdict text, papers_verdict text"
    ),
    "shipment": "shipment_id text, from_site_id text, to_site_id text",
    "transition": (
        "transition_id text, transition_code text, stage_code text, handoff_code text, handoff_id text, journey_id text, party_id text, "
        "site_id text, "
        "product_name_code text, entered_at_utc timestamp, ended_at_utc timestamp, status_code text, duration_h double, limit_h double"
    ),
    "journey": (
        "journey_id text, subject_id text, therapy_order_id text, modality_code text, product_name_code text, "
        "attempt_count bigint, collection_count bigint, "
        "infusion_count bigint, first_collection_date date, first_infusion_date date"
    ),
    "therapy_order": "therapy_order_id text, cancelled_date date",
    "batch": (
        "batch_id text, therapy_order_id text, product_name_code text, seeded_cells_10_6 double, harvested_cells_10_6 double, "
        "disposition_code text"
    ),
    "collection": (
        "collection_id text, site_id text, journey_id text, collection_type_code text, cd3_yield_10_9 double, pre_cd3_per_ul double, "
        "post_cd3_per_ul double, pre_cd34_per_ul double, whole_blood_processed_ml double, ended_at_utc timestamp"
    ),
    "administration": (
        "administration_id text, site_id text, journey_id text, started_at_utc timestamp, cells_given_10_6 double"
    ),
    "outcome": "outcome_type text, scale_code text, grade bigint, subject_id text, journey_id text",
    "event": (
        "event_id text, event_type text, subject_id text, batch_id text, site_id text, occurred_date date, source_delivery text, "
        "source_row bigint"
    ),
    "finding": (
        "finding_id text, rule_id text, effect text, table_name text, column_name text, journey_id text, source_delivery text, "
        "source_row bigint"
    ),
    "row_source": "table_name text, row_key text, source_delivery text, source_row_first bigint",
    "delivery": (
        "delivery_id text, party_id text, feed text, sequence text, status_code text, unit_count bigint, accepted_unit_count bigint, "
        "set_aside_unit_count bigint"
    ),
}  # fmt: skip


def build(
    *, collectors: int = len(COLLECTORS), journeys: int = 30, slow: str = "", two_sites: str = "", seed: int = 3
) -> duckdb.DuckDBPyConnection:
    """The warehouse, in memory: `collectors` of them with `journeys` treatments each over half a year; `slow` packs at half the pace.

    Every third treatment of `two_sites` is of its second site.
    """
    chance = random.Random(seed)
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in TABLES}
    parties = (*COLLECTORS[:collectors], COURIER, MANUFACTURER, *HOSPITALS)
    for party in parties:
        rows["party"].append((party, party.replace("_", " ").title(), f"{party} Inc.", party.split("_", 1)[1]))
        rows["site"].append((f"{party}.main", party, f"{party} main", None))
        rows["delivery"].append((_file(party), party, "records", f"{party}_0001", "landed", 400, 396, 4))
    if two_sites:
        rows["site"].append((f"{two_sites}.second", two_sites, f"{two_sites} second", None))
    for number, collector in enumerate(COLLECTORS[:collectors]):
        for index in range(journeys):
            _journey(rows, chance, collector, number * journeys + index, index, is_slow=collector == slow, has_two=collector == two_sites)
    connection = duckdb.connect()
    for name, columns in TABLES.items():
        connection.execute(f"create table {name} ({columns})")
        if rows[name]:
            connection.register(
                "given",
                pl.DataFrame(rows[name], schema=[one.split()[0] for one in columns.split(", ")], orient="row", infer_schema_length=None),
            )
            connection.execute(f"insert into {name} from given")
    return connection


def _span(
    code: str,
    handoff: str,
    of: tuple[str, str],
    party: str,
    ends: tuple[datetime, datetime],
    *,
    site: str | None = None,
    limit_h: float | None = None,
) -> tuple[object, ...]:
    (kind, stage), (begun, done) = code.split("_", 1), ends
    hours = (done - begun).total_seconds() / 3600
    return f"{handoff}_{stage}", code, stage, kind, handoff, of[0], party, site, of[1], begun, done, "ended", hours, limit_h


def _file(party: str) -> str:
    return f"{party}/records/{party[:5]}0123456789a"


def _journey(
    rows: dict[str, list[tuple[object, ...]]],
    chance: random.Random,
    collector: str,
    number: int,
    index: int,
    *,
    is_slow: bool,
    has_two: bool,
) -> None:
    site = f"{collector}.second" if has_two and index % 3 == 0 else f"{collector}.main"
    hospital = HOSPITALS[number % 2]
    journey, order, batch, ship = (f"{word}{number}" for word in ("journey", "order", "larch_lot", "juniper_box"))
    donation = f"{collector}_donation_{index}"
    ended = BEGIN + timedelta(days=index * 6, minutes=chance.randrange(600))
    packed = ended + timedelta(hours=chance.lognormvariate(1.2, 0.4) * (2 if is_slow else 1))
    picked = packed + timedelta(hours=chance.lognormvariate(0.5, 0.4))
    came = picked + timedelta(hours=chance.lognormvariate(3.2, 0.4))
    begun = came + timedelta(hours=chance.lognormvariate(2, 0.4))
    is_lost, is_open = index % 15 == 7, index >= 28
    is_failed, is_infused = index % 6 == 4, index % 6 < 4 and index < 22 and index % 15 != 7
    infused = begun + timedelta(days=24 + chance.randrange(10))
    rows["journey"].append((
        journey, f"subject{number}", order, "auto_cart", ("alpha", "beta")[index % 2],
        0 if is_lost or is_open else 1, 1, int(is_infused), ended.date(),
        infused.date() if is_infused else None,
    ))  # fmt: skip
    rows["therapy_order"].append((order, (begun + timedelta(days=20)).date() if is_failed else None))
    rows["collection"].append((
        donation, site, journey, "apheresis", 6.0, 900.0, None if index % 3 == 0 else 600.0, None, 9000.0, ended,
    ))  # fmt: skip
    rows["shipment"].append((ship, site, f"{MANUFACTURER}.main"))
    limit, hours = 72.0, (came - picked).total_seconds() / 3600
    gave, took, received = (f"{word}_{number}" for word in ("packed", "picked", "received"))
    for event, party in ((gave, collector), (took, COURIER), (received, COURIER)):
        rows["event"].append((event, "shipment", None, None, f"{party}.main", ended.date(), _file(party), number + 1))
    rows["handoff"].append((
        f"{ship}_to", "H07", journey, collector, COURIER, ship, donation, None, None, gave, took, ended, packed, picked, None,
        (picked - packed).total_seconds() / 3600, None, None, None, "received", None, 72.0, "discrepant" if index == 5 else "match",
        "match", "match", "unknown", "unknown", "unknown", "unknown",
    ))  # fmt: skip
    status = "lost" if is_lost else "open" if is_open else "received"
    gone = status != "received"
    rows["handoff"].append((
        f"{ship}_by", "H08", journey, COURIER, MANUFACTURER, ship, donation, None if gone else batch, None, took, received, None, picked,
        None if gone else came, None if gone else begun, None if gone else hours, limit, None, None, status,
        100.0 if is_open else None, 72.0, "match", "sender_only" if gone else "match", "match",
        "sender_only" if gone else "discrepant" if hours > limit else "match", "unknown", "unknown", "unknown",
    ))  # fmt: skip
    of = (journey, ("alpha", "beta")[index % 2])
    rows["transition"].append(_span("H07_before_giving", f"{ship}_to", of, collector, (ended, packed), site=site))
    rows["transition"].append(_span("H07_on_the_way", f"{ship}_to", of, COURIER, (packed, picked)))
    if gone:
        return
    rows["transition"].append(_span("H08_on_the_way", f"{ship}_by", of, COURIER, (picked, came), limit_h=limit))
    rows["transition"].append(_span("H08_until_first_use", f"{ship}_by", of, MANUFACTURER, (came, begun), site=f"{MANUFACTURER}.main"))
    rows["batch"].append((batch, order, "alpha", 100.0, None if is_failed else 4000.0, "terminated" if is_failed else "released"))
    rows["event"].append(
        (f"made_{number}", "harvest_completed", None, batch, f"{MANUFACTURER}.main", begun.date(), _file(MANUFACTURER), number)
    )
    if index % 10 == 3:
        for rule in ("R20", "R20", "R36"):
            rows["finding"].append((f"{rule}_{number}_{len(rows['finding'])}", rule, "flag", "event", None, journey, None, None))
    if is_infused:
        rows["administration"].append((f"given_{number}", f"{hospital}.main", journey, None if index % 2 else infused, 200.0))
        rows["outcome"].append(("crs", "astct", index % 4, f"subject{number}", journey))
