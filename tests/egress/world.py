"""A small release written by hand, with the real columns: people who consented and people who did not, donors and recipients, dates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl

from cgt_etl.egress.share import Asked
from cgt_etl.release.read import Release
from tests.genealogy import released

Rows = dict[str, list[dict[str, object]]]
KEY = bytes(range(32))
ASKED = Asked("trial", "research", minimum=2)
DAY = date(2025, 11, 3)


def token(name: str) -> str:
    """32 hex digits for a name, as ids of a release have."""
    return hashlib.md5(name.encode()).hexdigest()


def person(name: str) -> str:
    return "s" + token(name)


def consent(name: str, purpose: str | None = "DUO:0000042", **changes: object) -> dict[str, object]:
    said = {
        "consent_id": token(f"consent {name} {purpose} {changes}"),
        "subject_id": person(name),
        "scope_code": "research",
        "purpose_code": purpose,
        "given_date": date(2025, 1, 2),
        "source_delivery": "harbor_hospital/consent/0123456789abcdef",
        "source_row": 1,
    }
    return said | changes


def rows() -> Rows:
    """Two autologous patients (anna, bert), a donor with two recipients (dora to rolf and rosa), and ugo, who consented to nothing."""
    people = {"anna": "patient", "bert": "patient", "dora": "donor", "rolf": "patient", "rosa": "patient", "ugo": "patient"}
    world: Rows = {
        "subject": [
            {"subject_id": person(name), "role_code": role, "birth_year": 1961, "sex_code": "female"} for name, role in people.items()
        ],
        "consent": [consent(name) for name in people if name != "ugo"],
        "party": [{"party_id": "harbor_hospital", "party_name": "Harbor Hospital", "legal_entity": "Harbor Inc.", "roles": "hospital"}],
        "site": [
            {"site_id": "harbor_hospital.main", "party_id": "harbor_hospital", "site_name": "Harbor Main", "iana_zone": "Europe/Berlin"}
        ],
        **{
            table: []
            for table in ("journey", "collection", "administration", "event", "timeline", "measurement", "product_edge", "shipment")
        },
        **{table: [] for table in ("journey_event", "batch", "product")},
    }
    for number, (donor, patient) in enumerate([("anna", "anna"), ("bert", "bert"), ("dora", "rolf"), ("dora", "rosa"), ("ugo", "ugo")]):
        _journey(world, donor, patient, day=date(2025, 10, 6 + number))
    return world


def _journey(world: Rows, donor: str, patient: str, day: date) -> None:
    """One journey: collected on `day`, infused 28 days later at a quarter past ten, a shipment between."""
    names = {
        "journey_id": token(f"journey {patient}"),
        "collection_id": token(f"collection {donor}"),
        "batch_id": token(f"batch {patient}"),
    }
    infused = date.fromordinal(day.toordinal() + 28)
    given = {"administration_id": token(f"infusion {patient}"), "journey_id": names["journey_id"], "subject_id": person(patient)}
    world["journey"].append(
        {
            "journey_id": names["journey_id"],
            "subject_id": person(patient),
            "modality_code": "hsct" if donor != patient else "auto_cart",
            "indication_code": "lbcl",
            "first_infusion_date": infused,
            "age_years": 64,
        }
    )
    if names["collection_id"] not in [row["collection_id"] for row in world["collection"]]:
        world["collection"].append(
            {
                "collection_id": names["collection_id"],
                "din_id": token(f"din {donor}"),
                "donor_subject_id": person(donor),
                "recipient_subject_id": person(patient) if donor == patient else None,
                "site_id": "harbor_hospital.main",
                "started_date": day,
                "started_at_utc": datetime(day.year, day.month, day.day, 9, 30),  # noqa: DTZ001
                "started_local": f"{day}T10:30",
            }
        )
    world["batch"].append({"batch_id": names["batch_id"], "recipient_subject_id": person(patient), "process_version": "PV-CANARY"})
    world["product_edge"].append(
        {
            "parent_table": "collection",
            "parent_key": names["collection_id"],
            "child_table": "batch",
            "child_key": names["batch_id"],
            "edge_type": "consume",
        }
    )
    world["administration"].append(
        {
            **given,
            "product_name_code": "unacel",
            "site_id": "harbor_hospital.main",
            "started_date": infused,
            "started_local_hour": 10.25,
            "dose_per_kg_10_6": 1.664207,
            "recipient_weight_kg": 81.3,
        }
    )
    event = {"event_id": token(f"infused {patient}"), "event_type": "infusion_completed", "occurred_date": infused, "age_years": 64}
    world["event"].append({**event, **{name: given[name] for name in ("administration_id", "subject_id")}})
    sent = {"event_id": token(f"sent {patient}"), "event_type": "shipment_dispatched", "shipment_id": token(f"shipment {patient}")}
    world["event"].append({**sent, "occurred_date": day, "from_party_id": "harbor_hospital"})
    world["journey_event"] += [{"journey_id": names["journey_id"], "event_id": one["event_id"]} for one in (event, sent)]
    world["shipment"].append({"shipment_id": sent["shipment_id"], "sent_at_utc": datetime(day.year, day.month, day.day, 15, 5)})  # noqa: DTZ001
    world["timeline"].append(
        {
            "timeline_id": token(f"timeline {patient}"),
            "journey_id": names["journey_id"],
            "subject_id": person(patient),
            "position": 1,
            "occurred_date": infused,
            "kind": "event",
            "source_table": "event",
            "source_key": event["event_id"],
            "source_delivery": "harbor_hospital/procedure/0123456789abcdef",
        }
    )


def release(folder: Path, given: Mapping[str, Sequence[Mapping[str, object]]]) -> Release:
    return released.release(folder, given)


def table(out: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(out / "tables" / name / "*.parquet")


def written(out: Path) -> str:
    """Everything that a recipient gets, as text: decoded cells of every table, and every other file."""
    texts = []
    for file in sorted(path for path in out.rglob("*") if path.is_file()):
        if file.suffix == ".parquet":
            with duckdb.connect() as connection:
                texts.append(repr(connection.sql(f"select * from '{file}'").fetchall()))
        else:
            texts.append(file.read_text(encoding="utf-8"))
    return "\n".join(texts)
