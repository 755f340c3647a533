"""The words of an arrival sheet: verdicts, and what nobody told. Holds no figure."""

from __future__ import annotations

import csv
from functools import cache

from cgt_etl.settings import PACKAGE

NOT_TOLD = "not told by any record"
NO_TRACE = "no logger trace was delivered"
NO_LIMITS = "readings were delivered, but no limits to judge them by"
NO_SHIPMENT = "no shipment of this dose is on record"
NO_CERTIFICATE = "no certificate of release is on record"
NO_CONTAINER = "the records name the lot alone, no bag or vial of it"
EXPIRY = "no record states it: read it off the label"
THAW = "no record states it: follow the product's instructions"

DIMENSIONS = {
    "identity_verdict": "identity",
    "count_verdict": "count",
    "time_order_verdict": "order of times",
    "transit_verdict": "hours on the way",
    "temperature_verdict": "temperature",
    "seal_verdict": "seal",
    "papers_verdict": "papers",
}
"""Column of `handoff` -> what is compared there."""
SAID_BY_BOTH, WRONG = "match", ("discrepant", "impossible")
DISPOSITIONS = {
    "released": "released",
    "conditional": "released with conditions",
    "out_of_specification": "out of specification",
    "terminated": "manufacture was terminated",
    "rejected": "rejected",
    "infused": "an infusion of it is on record already",
    "discarded": "discarded",
}
EVENTS = {
    "qc_result_reported": "certificate reported",
    "batch_released": "batch released",
    "batch_oos": "batch found out of specification",
    "drug_product_filled": "filled",
    "infusion_started": "infusion started",
    "product_discarded": "discarded",
}
RESULTS = {"no_growth": "no growth", "not_detected": "not detected", "below_quantification_limit": "below the limit of quantification"}


def unit(ucum: str | None) -> str:
    """A unit of UCUM as people write it."""
    text = (ucum or "").replace("10*6", "million").replace("Cel", "°C")
    return text.translate(str.maketrans("", "", "{}[]"))


def label(measurement: str) -> str:
    """What was measured, as the vocabulary names it."""
    return _labels().get(measurement, measurement)


@cache
def _labels() -> dict[str, str]:
    with (PACKAGE / "vocabularies" / "measurements.csv").open(encoding="utf-8", newline="") as file:
        return {row["measurement"]: row["label"] for row in csv.DictReader(file)}
