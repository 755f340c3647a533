"""A small release written by hand, with the real columns: people who consented and people who did not, donors and recipients, dates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path

import duckdb
import polars as pl

from cgt_etl.egress import policy
from cgt_etl.egress.policy import Drop, Table
from cgt_etl.egress.rights.agreements import Agreement, Declared, Network, Refusal
from cgt_etl.egress.rights.columns import catalogue
from cgt_etl.egress.rights.decisions import Rights
from cgt_etl.egress.share import Asked, Done, share
from cgt_etl.release import marts
from cgt_etl.release.read import Release
from tests.genealogy import released
from tests.release import sample

Rows = dict[str, list[dict[str, object]]]
KEY = bytes(range(32))
TELLER, ASKER = "teller", "asker"
"""Partner that told every row of the world unless it says another, and the one whom shares are for."""
ROLES = {TELLER: ("hospital",), ASKER: ("registry",), "rival": ("hospital",), "maker": ("manufacturer",)}
ASKED = Asked("trial", "research", ASKER, minimum=2)
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
        "source_delivery": delivery(TELLER),
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
        }
    )


def planted() -> Rows:
    """`rows`, a row in every other table, and canaries."""
    made = rows()
    for name in [mart.name for mart in marts.load() if not made.get(mart.name)]:
        made[name] = [{"subject_id": person("anna")}] if '"subject_id"' in dict(sample.declared())[name] else [{}]
    assert plant(made) > 100
    return made


def plant(rows: Rows) -> int:
    """Fill what is not to be shared: texts with canaries, times with dates. Gives how many cells."""
    said, planted = policy.load(), 0
    for mart in marts.load():
        how = said.tables[mart.name]
        types = {name.strip('"'): type_ for name, type_ in (part.split(" ", 1) for part in dict(sample.declared())[mart.name].split(", "))}
        for row in rows[mart.name]:
            for column in (
                one.name for one in mart.columns if one.name not in ("subject_id", "scope_code", "purpose_code", "withdrawn_at_utc")
            ):
                action = how.columns.get(column, said.everywhere.get(column)) if isinstance(how, Table) else Drop(drop="withheld")
                if types[column] == "varchar" and isinstance(action, Drop) and mart.name != "consent":
                    row[column] = f"CANARY {mart.name} {column}"
                elif types[column] in ("date", "timestamp") and row.get(column) is None:
                    row[column] = datetime(2024, 2, 29, 23, 59)  # noqa: DTZ001
                else:
                    continue
                planted += 1
    return planted


def delivery(partner: str) -> str:
    return f"{partner}/feed/0123456789abcdef"


def release(folder: Path, given: Mapping[str, Sequence[Mapping[str, object]]]) -> Release:
    return released.release(folder, told(given))


def told(given: Mapping[str, Sequence[Mapping[str, object]]]) -> dict[str, list[dict[str, object]]]:
    """The rows, where each that does not say who told it was told by those whom its key `told_by` names, or by `TELLER`."""
    found: dict[str, list[dict[str, object]]] = {name: [] for name in given}
    lineage: list[dict[str, object]] = []
    for mart in marts.load():
        names = {column.name for column in mart.columns}
        for row in given.get(mart.name, ()):
            by = row.get("told_by", (TELLER,))
            one = {name: value for name, value in row.items() if name != "told_by"}
            if mart.name not in ("row_source", "delivery", "party", "site"):
                key = "|".join(str(row.get(name)) for name in mart.primary_key)
                named = {"table_name": mart.name, "row_key": key, "source_row_first": 1, "source_row_last": 1}
                if "source_delivery" in names:
                    one.setdefault("source_delivery", delivery(by[0]))  # type: ignore[index]
                else:
                    lineage += [named | {"source_delivery": delivery(partner)} for partner in by]  # type: ignore[attr-defined]
            found[mart.name].append(one)
    return found | {"row_source": [*found.get("row_source", []), *lineage]}


def agreement(**changes: object) -> Agreement:
    """One that gives everybody all that a shared view may hold, for any use, but for the changes."""
    terms: dict[str, object] = {
        "agreement": "all",
        "to": "everybody",
        "purposes": ["DUO:0000004"],
        "consent": "research",
        "tables": sorted(policy.load().shared),
        "tier": "network",
        "signed": date(2020, 1, 1),
        "expires": date(2030, 1, 1),
        "in_return": ["thanks"],
    }
    return Agreement.model_validate(terms | changes)


def rights(declared: Mapping[str, Declared] | None = None) -> Rights:
    """Of the world's partners; of the teller's plain agreement where nothing is declared."""
    sharing = policy.load()
    given = {TELLER: Declared((agreement(),))} if declared is None else declared
    return Rights(Network(ROLES, _columns(), frozenset(sharing.purposes), given))  # type: ignore[arg-type]


def refusal(**changes: object) -> Refusal:
    return Refusal.model_validate({"refusal": "no", "to": "everybody", "what": "all", "why": "because"} | changes)


@cache
def _columns() -> object:
    return catalogue(marts.load(), policy.load())


@cache
def _plain() -> Rights:
    return rights()


def made(given: Release, out: Path, asked: Asked = ASKED, key: bytes = KEY, by: Rights | None = None) -> Done:
    """A share of a release, by the plain rights where none are given."""
    return share(given, key, asked, out, by or _plain())


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
