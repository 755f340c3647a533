"""Partner files of those who take part in a world and are not among the repository's partners; text of YAML by partner."""

from __future__ import annotations

from typing import Any

import yaml

from cgt_etl.simulator.exports import wearable
from cgt_etl.simulator.parties import Network, Party, Site

Speaks = dict[str, Any]


def partner_files(network: Network, *, is_wide: bool, high_volume: bool) -> dict[str, str]:
    """Partner -> text of its `partner.yaml`."""
    files = {party.partner: _file(party, network) for party in network.parties} if is_wide else {}
    return {**files, **(wearable.partners(network) if high_volume else {})}


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
