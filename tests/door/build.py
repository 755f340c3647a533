"""A partner, its contract and a delivery, built in memory, and the way through reader and door."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cgt_etl.contracts.load import Feed, ObjectSpec
from cgt_etl.contracts.model import FeedExtension, Partner, Promise
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.admit import Admission, admit
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import open_reader

KEYS = Keys(bytes(range(32)))
PARTNER = Partner.model_validate(
    {
        "partner": "northgate",
        "name": "Northgate",
        "legal_entity": "Northgate Inc.",
        "roles": ["blood_centre"],
        "sites": [{"site": "main", "name": "Main", "zone": "America/New_York", "country": "US"}],
        "speaks": [{"dialect": "test", "site": "main"}],
        "issues": [
            {"kind": "mrn", "canonical": {"zero_pad": 8}},
            {"kind": "fhir_patient_id", "canonical": {"strip_prefix": "Patient/", "upper": False}},
        ],
        "token_key": "northgate-1",
        "owner": "data office",
    }
)
REGISTRY = Registry({}, {"northgate": PARTNER}, {"northgate": ""}, [])


def binding(*objects: ObjectSpec, file: Mapping[str, Any] | None = None, ignored: Mapping[str, str] | None = None) -> Binding:
    extension = FeedExtension.model_validate(
        {
            "file": file or {"format": "csv"},
            "mode": "upsert",
            "sequence": {"source": "constant", "value": "1"},
            "unit": "row",
            "ignored_elements": dict(ignored or {}),
        }
    )
    feed = Feed("test", "feed", Path("test/feed.odcs.yaml"), "1.0.0", "", "", extension, Promise(), objects, "")
    return Binding(PARTNER, PARTNER.speaks[0], feed, PARTNER.sites[0])


def through(of: Binding, path: Path, suppressed: Iterable[str] = ()) -> Admission:
    """The file at `path` through its reader and the door."""
    extension = of.feed.extension
    reading = open_reader(extension.file, path, of.feed.objects, ignored_elements=extension.ignored_elements)
    return admit(of, reading, KEYS, frozenset(suppressed), REGISTRY, source_delivery="northgate/feed/0", sequence="1")


def csv_file(path: Path, spec: ObjectSpec, rows: Iterable[Iterable[str]]) -> Path:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([[column.physical_name for column in spec.columns], *rows])
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    return path


def verdicts(admission: Admission) -> list[tuple[int, str | None, str, str]]:
    """(source_row, column, rule, effect)."""
    return admission.verdicts.select("source_row", "column", "rule", "effect").rows()
