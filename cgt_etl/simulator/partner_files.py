"""Partner files of those who take part in a world and are not among the repository's partners; text of YAML by partner."""

from __future__ import annotations

from typing import Any

import yaml

from cgt_etl.simulator.exports import wearable
from cgt_etl.simulator.model import Network, Party

Speaks = dict[str, Any]


def partner_files(network: Network, *, is_wide: bool, high_volume: bool) -> dict[str, str]:
    """Partner -> text of its `partner.yaml`."""
    files = {party.partner: _file(party, network) for party in network.parties} if is_wide else {}
    return {**files, **(wearable.partners(network) if high_volume else {})}


def _file(party: Party, network: Network) -> str:
    site = {"site": "main", "name": party.name, "zone": party.zone.key, "country": party.country}
    site |= {"fin": party.facility} if party.facility else {}
    site |= {"gln": party.gln} if party.gln else {}
    document = {
        "partner": party.partner,
        "name": party.name,
        "legal_entity": party.legal_entity,
        "roles": [party.role] + (["treatment_centre"] if party.role == "hospital" else []),
        "sites": [site],
        "speaks": _speaks(party, network),
        "issues": _issues(party),
        "token_key": f"{party.partner.split('_')[0]}-{party.role.split('_')[0]}-1",
        "owner": f"{party.name} data office",
    }
    return yaml.safe_dump({key: value for key, value in document.items() if value}, sort_keys=False, allow_unicode=True)


def _speaks(party: Party, network: Network) -> list[Speaks]:
    """The dialects of its role, as the repository's partner of that role speaks them.

    A sponsor's numbers come with their kind's one issuer: all sponsors of this world quote one numbering authority, the first manufacturer.
    """
    maker = network.manufacturers[0].partner
    place = {one.partner: number for number, one in enumerate(network.blood_centres)}.get(party.partner)
    said: dict[str, list[Speaks]] = {
        "blood_centre": [
            {"dialect": "becs_us", "issuers": {"mrn": network.hospitals[place].partner if place is not None else "", "order_id": maker}}
        ],
        "hospital": [
            {
                "dialect": "ehr_fhir_r4",
                "feeds": ["patient", "observation", "procedure", "condition", "medication_administration"],
                "issuers": {"lot": maker, "order_id": maker},
            }
        ],
        "manufacturer": [{"dialect": "mes_batch_record", "issuers": {"batch": maker}}],
        "courier": [{"dialect": "courier_epcis", "issuers": {"lot": maker}}, {"dialect": "courier_logger"}],
        "laboratory": [{"dialect": "qc_coa", "issuers": {"lot": maker, "batch": maker}}],
        "registry": [{"dialect": "registry_ct", "issuers": {"lot": maker, "batch": maker}}],
    }
    promise = {"every_days": 1, "delay_days": 7}
    return [{"dialect": one["dialect"], "site": "main", **one, **promise} for one in said.get(party.role, [])]


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
