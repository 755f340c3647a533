"""Partner files and agreements of those who take part in a world and are not among the repository's partners; text of YAML by partner."""

from __future__ import annotations

from datetime import date
from typing import Any

import yaml

from cgt_etl.simulator.exports import wearable
from cgt_etl.simulator.parties import Network, Party, Site

Speaks = dict[str, Any]


LEARNING: dict[str, Any] = {
    "agreement": "learning",
    "to": "everybody",
    "purposes": ["DUO:0000006"],
    "consent": "research",
    "tables": ["administration", "batch", "collection", "event", "journey", "measurement", "outcome"],
    "tier": "aggregate_only",
    "columns": {"collection.ended_at_utc": "aggregate_only", "event.occurred_at_utc": "aggregate_only"},
    "signed": date(2020, 1, 1),
    "expires": date(2049, 12, 31),
    "in_return": ["the collective tables, and answers to questions"],
}
"""What everybody in the wide world agrees to: all learn from all, and nobody sees a row."""


def partner_files(network: Network, *, is_wide: bool, high_volume: bool) -> dict[str, dict[str, str]]:
    """Partner -> name of a file of its folder -> text."""
    agreements = yaml.safe_dump({"agreements": [LEARNING]}, sort_keys=False)
    wide = network.parties if is_wide else ()
    files = {party.partner: {"partner.yaml": _file(party, network), "agreements.yaml": agreements} for party in wide}
    worn = wearable.partners(network) if high_volume else {}
    return files | {partner: {"partner.yaml": text} for partner, text in worn.items()}


def _file(party: Party, network: Network) -> str:
    document = {
        "partner": party.partner,
        "name": party.name,
        "legal_entity": party.legal_entity,
        "roles": [party.role] + (["treatment_centre"] if party.role == "hospital" else []),
        "sites": [_site(site, party.country) for site in party.sites],
        "speaks": _speaks(party, network),
        "issues": _issues(party),
        "token_key": f"{party.partner.split('_')[0]}-{party.role.split('_')[0]}-1",
        "owner": f"{party.name} data office",
    }
    return yaml.safe_dump({key: value for key, value in document.items() if value}, sort_keys=False, allow_unicode=True)


def _site(site: Site, country: str) -> dict[str, str]:
    said = {"site": site.site, "name": site.name, "zone": site.zone.key, "country": country, "fin": site.facility, "gln": site.gln}
    return {key: value for key, value in said.items() if value}


def _speaks(party: Party, network: Network) -> list[Speaks]:
    """Its dialects, as the repository's partners speak them.

    A sponsor's numbers come with their kind's one issuer: all sponsors of a world quote one numbering authority.
    """
    maker = network.products[0].numbered_by
    served = network.patients_of(party)
    more: dict[str, Speaks] = {
        "becs_us": {"issuers": {"mrn": served[0].partner if served else "", "order_id": maker}},
        "ehr_fhir_r4": {
            "feeds": ["patient", "observation", "procedure", "condition", "medication_administration", "consent"],
            "issuers": {"lot": maker, "order_id": maker},
        },
        "mes_batch_record": {"issuers": {"batch": maker}},
        "order_portal": {"issuers": {"order_id": maker}},
        "courier_epcis": {"issuers": {"lot": maker}},
        "qc_coa": {"issuers": {"lot": maker, "batch": maker}},
        "registry_ct": {"issuers": {"lot": maker, "batch": maker}},
    }
    promise = {"every_days": 1, "delay_days": 7}
    return [{"dialect": one, "site": party.sites[0].site, **more.get(one, {}), **promise} for one in party.dialects]


def _issues(party: Party) -> list[dict[str, Any]]:
    if party.role == "hospital":
        strip = {"strip": "-"} if party.mrn_dash_after else {}
        return [
            {"kind": "mrn", "canonical": {**strip, "zero_pad": party.mrn_digits}},
            {"kind": "fhir_patient_id", "canonical": {"strip_prefix": "Patient/", "upper": False}},
        ]
    if party.role == "blood_centre":
        return [{"kind": "donor_id"}]
    return [{"kind": kind} for kind in ("order_id", "batch", "lot", "material_lot")] if party.role == "manufacturer" else []
