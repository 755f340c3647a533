"""A release made by hand of which every figure can be counted: eight manufacturers, eight hospitals that collect and infuse, a courier."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

from tests.egress.world import Rows, consent, person, token

BEGIN = date(2026, 1, 1)
MAKERS = tuple(f"maker_{number}" for number in range(8))
HOSPITALS = tuple(f"hospital_{number}" for number in range(8))
COURIER = "courier"
ROLES = {**dict.fromkeys(MAKERS, "manufacturer"), **dict.fromkeys(HOSPITALS, "hospital, treatment_centre"), COURIER: "courier"}
_FILLED = (
    *("administration", "batch", "collection", "delivery", "dose_unit", "event", "handoff", "journey", "measurement", "outcome", "party"),
    *("product", "product_edge", "row_source", "site", "subject", "consent", "therapy_order"),
)


AGREEMENT = """agreements:
  - agreement: learning
    to: everybody
    purposes: [HMB]
    consent: research
    tables: [administration, batch, collection, event, journey, measurement, outcome]
    tier: aggregate_only
    columns: {collection.ended_at_utc: aggregate_only, event.occurred_at_utc: aggregate_only}
    signed: 2025-01-01
    expires: 2027-12-31
    in_return: [what all learn]
"""
"""To all that tables and questions read."""


def declare(folder: Path, agreeing: Iterable[str]) -> Path:
    """Writes partner files of the parties into a folder, and the agreement of some."""
    for name, roles in ROLES.items():
        (folder / name).mkdir()
        site = f"{{site: main, name: {name}, zone: Europe/Paris, country: FR}}"
        (folder / name / "partner.yaml").write_text(
            f"partner: {name}\nname: {name}\nlegal_entity: {entity(name)}\nroles: [{roles}]\nsites: [{site}]\n"
            f"token_key: {name.replace('_', '-')}-1\nowner: {name}\n"
        )
    for name in agreeing:
        (folder / name / "agreements.yaml").write_text(AGREEMENT)
    return folder


def entity(party: str) -> str:
    return f"{party} Inc."


def empty() -> Rows:
    """The parties, and nobody treated."""
    rows: Rows = {name: [] for name in _FILLED}
    rows["party"] = [{"party_id": one, "party_name": one, "legal_entity": entity(one), "roles": roles} for one, roles in ROLES.items()]
    rows["site"] = [{"site_id": f"{one}.main", "party_id": one} for one in ROLES]
    rows["delivery"] = [{"delivery_id": _file(one), "party_id": one} for one in ROLES]
    rows["event"] = [{"event_id": token("edge"), "event_type": "shipment_packed", "occurred_date": BEGIN}]
    return rows


def patients(rows: Rows, many: int, **changes: object) -> None:
    """So many patients of every maker in turn, and of a hospital in turn for each eight; see `patient`."""
    first = len(rows["subject"])
    for number in range(first, first + many):
        patient(rows, f"patient {number}", MAKERS[number % 8], HOSPITALS[number // 8 % 8], **changes)  # type: ignore[arg-type]


def patient(
    rows: Rows,
    name: str,
    maker: str = MAKERS[0],
    hospital: str = HOSPITALS[0],
    *,
    ended: date = date(2025, 11, 1),
    vein_to_vein_days: int = 25,
    hold_h: int = 30,
    viability: float = 92.0,
    starting: float = 97.0,
    verdict: str = "pass",
    is_covered: bool = True,
) -> None:
    """A patient collected from and infused at a hospital: 15 days before the batch ended, and so many days after the collection."""
    collected = ended - timedelta(days=15)
    evening = datetime(collected.year, collected.month, collected.day, 18)  # noqa: DTZ001  UTC, as timestamps of a release are
    ids = {what: token(f"{what} {name}") for what in ("order", "journey", "collection", "batch", "infusion", "bag")}
    infused = collected + timedelta(days=vein_to_vein_days)
    order = {"therapy_order_id": ids["order"]}
    rows["subject"].append({"subject_id": person(name), "role_code": "patient"})
    rows["consent"] += [consent(name)] if is_covered else []
    rows["therapy_order"].append(order | {"subject_id": person(name)})
    rows["journey"].append(
        order
        | {"journey_id": ids["journey"], "subject_id": person(name), "modality_code": "auto_cart", "first_infusion_date": infused}
        | {"vein_to_vein_last_days": vein_to_vein_days}
    )
    rows["collection"].append(
        order
        | {"collection_id": ids["collection"], "donor_subject_id": person(name), "recipient_subject_id": person(name)}
        | {"journey_id": ids["journey"], "site_id": f"{hospital}.main", "started_date": collected, "ended_at_utc": evening}
    )
    rows["administration"].append(
        order
        | {"administration_id": ids["infusion"], "journey_id": ids["journey"], "subject_id": person(name)}
        | {"site_id": f"{hospital}.main", "started_date": infused}
    )
    bag = {"product_id": ids["bag"]}
    rows["product"].append(bag | {"collection_id": ids["collection"]})
    rows["measurement"].append(
        bag | {"measurement_id": token(f"starting {name}"), "measurement": "product_viability_pre", "value": starting}
    )
    batch(rows, name, ids["batch"], maker, ended=ended, viability=viability, verdict=verdict, begun=evening + timedelta(hours=hold_h))
    for table, key, party in (("batch", ids["batch"], maker), ("collection", ids["collection"], hospital)):
        rows["row_source"].append({"table_name": table, "row_key": key, "source_delivery": _file(party)})
    if not int(token(name), 16) % 10:
        rows["handoff"].append({"handoff_id": token(f"ship {name}"), "batch_id": ids["batch"], "sender_party_id": COURIER})


def batch(
    rows: Rows, patient: str, key: str, maker: str, *, ended: date, viability: float, verdict: str, begun: datetime | None = None
) -> None:
    """A batch for a patient, with its test and its first step."""
    order = {"therapy_order_id": token(f"order {patient}")}
    rows["batch"].append(order | {"batch_id": key, "recipient_subject_id": person(patient), "ended_date": ended})
    measured = {"measurement_id": token(f"viability {key}"), "measurement": "dp_viability", "value": viability, "verdict_code": verdict}
    rows["measurement"].append(measured | {"batch_id": key, "occurred_date": ended, "source_delivery": _file(maker)})
    if begun:
        step = {"event_type": "starting_material_thawed", "occurred_at_utc": begun, "occurred_date": begun.date()}
        rows["event"].append(step | {"event_id": token(f"begun {key}"), "batch_id": key})


def _file(party: str) -> str:
    return f"{party}/records/0123456789abcdef"
