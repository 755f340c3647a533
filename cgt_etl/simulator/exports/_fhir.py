"""FHIR R4 resources as plain dictionaries; one function per kind, no facts of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cgt_etl.simulator.model import Journey
from cgt_etl.simulator.parties import Product

Resource = dict[str, Any]
Code = tuple[str, str | None]
"""A code and its display."""
Period = tuple[datetime, datetime]
AUTOLOGOUS = ("auto_cart", "ghsc")
"""Modalities of products that carry a chain-of-identity id."""
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
LOCAL = "urn:local"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
DATA_USE, ACT_REASON = "http://purl.obolibrary.org/obo/duo.owl", "http://terminology.hl7.org/CodeSystem/v3-ActReason"
IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def _coding(system: str, code: str, display: str | None = None) -> Resource:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def _subject(journey: Journey) -> Resource:
    return {"reference": f"Patient/{journey.patient.fhir_id}"}


def _coi(journey: Journey) -> list[Resource]:
    return [{"system": "urn:isbt128:coi", "value": journey.coi}] if journey.coi else []


def patient(journey: Journey, mrn: str, died: datetime | None) -> Resource:
    """Who the patient is, with the direct identifiers that a hospital sends whether asked or not."""
    person = journey.patient
    serial = 4000 + person.number % 6000
    return {
        "resourceType": "Patient",
        "id": person.fhir_id,
        "identifier": [
            {"type": _coding(IDENTIFIER_TYPE, "MR"), "system": f"urn:{journey.hospital.partner}:mrn", "value": mrn},
            {"type": _coding(IDENTIFIER_TYPE, "SS"), "system": "http://hl7.org/fhir/sid/us-ssn", "value": f"999-01-{serial}"},
            *([{"system": "http://terminology.cibmtr.org/identifier/CRID", "value": person.crid}] if person.crid else []),
            *_coi(journey),
        ],
        "active": True,
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "telecom": [{"system": "phone", "value": f"555-01{person.number % 100:02d}"}],
        "gender": person.sex,
        "birthDate": person.born.isoformat(),
        "address": [{"line": [f"{serial} Example Street"], "city": "Sampleton", "postalCode": f"00{serial % 1000:03d}"}],
        **({"deceasedDateTime": died.isoformat()} if died else {}),
    }


def consent(journey: Journey, name: str, scope: str, period: tuple[datetime, datetime | None], purposes: tuple[str, ...]) -> Resource:
    """A form that was signed, and in `period` when it was taken back, if it was; a purpose is a term of DUO or of ActReason."""
    given, ended = period
    said = [{"system": DATA_USE if one.startswith("DUO:") else ACT_REASON, "code": one} for one in purposes]
    return {
        "resourceType": "Consent",
        "id": f"{journey.patient.fhir_id}-{name}",
        "meta": {"lastUpdated": (ended or given).isoformat()},
        "status": "inactive" if ended else "active",
        "scope": _coding("http://terminology.hl7.org/CodeSystem/consentscope", scope),
        "category": [_coding(LOINC, "59284-0", "Consent Document")],
        "patient": _subject(journey),
        "dateTime": given.isoformat(),
        "policyRule": _coding(LOCAL, f"{scope}-form-3"),
        "provision": {"type": "permit", **({"purpose": said} if said else {})},
    }


def condition(journey: Journey, recorded: datetime) -> Resource:
    """The diagnosis that is to be treated, a year old when it is recorded; of a donor, that they are one."""
    return {
        "resourceType": "Condition",
        "id": f"{journey.patient.fhir_id}-dx",
        "clinicalStatus": _coding("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "verificationStatus": _coding("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
        "category": [_coding("http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item")],
        "code": _coding("http://hl7.org/fhir/sid/icd-10-cm", journey.indication),
        "subject": _subject(journey),
        "onsetDateTime": (recorded - timedelta(days=365)).isoformat(),
        "recordedDate": recorded.isoformat(),
    }


def quantity(value: float, unit: str | None, code: str | None = None, comparator: str | None = None) -> Resource:
    """A FHIR Quantity; `code` is UCUM."""
    return {
        "value": value,
        **({"comparator": comparator} if comparator else {}),
        **({"unit": unit} if unit else {}),
        **({"system": UCUM, "code": code} if code else {}),
    }


def observation(
    journey: Journey, name: str, loinc: Code, value: Resource, at: str, *, status: str = "final", category: str = "laboratory"
) -> Resource:
    """A result; `name` makes its id, `loinc` is code and display."""
    return {
        "resourceType": "Observation",
        "id": f"{journey.patient.fhir_id}-{name}",
        "status": status,
        "category": [_coding(CATEGORY, category)],
        "code": _coding(LOINC, *loinc),
        "subject": _subject(journey),
        "effectiveDateTime": at,
        "valueQuantity": value,
    }


def assessment(journey: Journey, name: str, code: Code, answer: str, at: str) -> Resource:
    """A line of a ward's flowsheet under its local code; an answer in digits is a score."""
    is_score = answer.isdigit()
    value = {"valueQuantity": quantity(int(answer), "{score}", "{score}")} if is_score else {"valueCodeableConcept": _coding(LOCAL, answer)}
    return {
        "resourceType": "Observation",
        "id": f"{journey.patient.fhir_id}-{name}",
        "status": "final",
        "category": [_coding(CATEGORY, "survey")],
        "code": _coding(LOCAL, *code),
        "subject": _subject(journey),
        "effectiveDateTime": at,
        **value,
    }


def panel(journey: Journey, name: str, code: str, parts: list[tuple[Code, Resource]], at: str) -> Resource:
    """Several results under one local code, as a flow cytometer reports them."""
    return {
        "resourceType": "Observation",
        "id": f"{journey.patient.fhir_id}-{name}",
        "status": "final",
        "category": [_coding(CATEGORY, "laboratory")],
        "code": _coding(LOCAL, code),
        "subject": _subject(journey),
        "effectiveDateTime": at,
        "component": [{"code": _coding(LOINC, *loinc), "valueQuantity": value} for loinc, value in parts],
    }


def procedure(
    journey: Journey,
    name: str,
    code: Code,
    period: Period,
    identifiers: dict[str, str],
    *,
    product: Product | None = None,
    status: str = "completed",
) -> Resource:
    """Something done to the patient; `identifiers` are by system, `product` is what was given in it."""
    used = {"usedCode": [_coding("urn:cgt:product", product.formulary, product.name)]} if product else {}
    return {
        "resourceType": "Procedure",
        "id": f"{journey.patient.fhir_id}-{name}",
        **({"identifier": [{"system": system, "value": value} for system, value in identifiers.items()]} if identifiers else {}),
        "status": status,
        "code": _coding(LOCAL, *code),
        "subject": _subject(journey),
        "performedPeriod": {"start": period[0].isoformat(), "end": period[1].isoformat()},
        **used,
    }


def drug(journey: Journey, name: str, rxnorm: tuple[str, str], at: datetime, dose: Resource) -> Resource:
    return {
        "resourceType": "MedicationAdministration",
        "id": f"{journey.patient.fhir_id}-{name}",
        "status": "completed",
        "medicationCodeableConcept": _coding(RXNORM, *rxnorm),
        "subject": _subject(journey),
        "effectiveDateTime": at.isoformat(),
        "dosage": {"dose": dose},
    }


def cells(
    journey: Journey, name: str, of: tuple[Product, str], period: Period, dose: Resource | None, *, status: str = "completed"
) -> Resource:
    """One lot of a product given, or withheld (no dose); its number is that of the contained Medication."""
    product, lot = of
    is_autologous = product.modality in AUTOLOGOUS
    return {
        "resourceType": "MedicationAdministration",
        "id": f"{journey.patient.fhir_id}-{name}",
        "contained": [
            {
                "resourceType": "Medication",
                "id": "product",
                "code": _coding("urn:cgt:product", product.formulary, product.name),
                "batch": {"lotNumber": lot},
            }
        ],
        **({"identifier": _coi(journey)} if is_autologous and journey.coi else {}),
        "status": status,
        "medicationReference": {"reference": "#product"},
        "subject": _subject(journey),
        "effectivePeriod": {"start": period[0].isoformat(), "end": period[1].isoformat()},
        **({"dosage": {"dose": dose}} if dose else {}),
    }
