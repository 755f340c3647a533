"""A small deployment to land into: one contract, one partner, and a door of a few lines in place of the real one.

The stand-in judges what landing must cope with (rows and cells set aside, erased rows, refusals, flags) and nothing else, so that
these tests do not move with the door's rules. `test_with_the_door.py` lands through the real one.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.tokens import Keys, token
from cgt_etl.extract import Reading
from cgt_etl.settings import Settings

MASTER = bytes(range(32))
NOW = datetime(2025, 11, 2, 23, 30, tzinfo=UTC)
LATER = datetime(2025, 11, 3, 23, 30, tzinfo=UTC)

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: bench.sample
name: sample
version: 1.0.0
status: active
description: {{purpose: Samples of nobody.}}
team: {{name: bench-owner}}
schema:
  - name: sample
    physicalType: csv row
    description: One row is one sample.
    properties:
      - name: sample_no
        physicalName: NUM
        logicalType: string
        description: Number of the sample.
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        customProperties: [{{property: cgt, value: {{cast: text, privacy: none, action: keep}}}}]
      - name: mrn
        physicalName: MRN
        logicalType: string
        description: Medical record number.
        customProperties:
          - {{property: cgt, value: {{cast: identifier, identifier: mrn, person: recipient, privacy: direct, action: token}}}}
      - name: volume_ml
        physicalName: VOL
        logicalType: number
        description: Volume.
        customProperties: [{{property: cgt, value: {{cast: decimal, missing: {missing}, privacy: none, action: keep}}}}]
      - name: remark
        physicalName: REMARK
        logicalType: string
        description: {remark}
        customProperties: [{{property: cgt, value: {{cast: text, privacy: free_text, action: drop, reason: names people}}}}]

customProperties:
  - property: cgt
    value:
      file: {{format: csv}}
      mode: upsert
      unit: row
      sequence: {sequence}
"""
BY_NAME = '{source: name, pattern: "sample_(?P<sequence>[0-9]+)[.]csv"}'
PARTNER = """\
partner: northbench
name: North Bench
legal_entity: North Bench Ltd
roles: [blood_centre]
sites: [{site: main, name: Main, zone: America/Chicago, country: US}]
speaks: [{dialect: bench, site: main}]
issues: [{kind: mrn, canonical: {zero_pad: 8}}]
token_key: northbench-1
owner: north office
"""
HEADER = "NUM,MRN,VOL,REMARK\n"
GOOD = HEADER + "1,00000017,12.5,fine\n2,00000018,13,\n3,00000019,,tired\n"
MIXED = HEADER + "1,00000017,12.5,fine\n,00000018,13,rejected row\n3,00000019,n/a,tired\n"


@dataclass(frozen=True)
class Bench:
    """One home with its declarations."""

    root: Path

    @property
    def settings(self) -> Settings:
        return Settings(home=self.root / "home", dialect_paths=(self.root / "dialects",), partner_paths=(self.root / "partners",))

    @property
    def registry(self) -> Registry:
        registry = Registry.load(self.settings)
        assert not registry.unhealthy, [str(one) for one in registry.unhealthy]
        return registry

    @property
    def binding(self) -> Binding:
        return self.registry.binding("northbench", "sample")

    def declare(self, *, missing: str = "{}", remark: str = "Remark.", sequence: str = BY_NAME) -> None:
        """Write contract and partner. `missing` lets cells be read, the word `lenient` in `remark` lets rows without a number pass."""
        (self.root / "dialects/bench").mkdir(parents=True, exist_ok=True)
        (self.root / "partners/northbench").mkdir(parents=True, exist_ok=True)
        contract = CONTRACT.format(missing=missing, remark=remark, sequence=sequence)
        (self.root / "dialects/bench/sample.odcs.yaml").write_text(contract, encoding="utf-8")
        (self.root / "partners/northbench/partner.yaml").write_text(PARTNER, encoding="utf-8")

    def deliver(self, text: str | bytes, name: str = "sample_1.csv", night: str = "0001", feed: str = "northbench/sample") -> Path:
        path = self.root / "inbox" / night / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path


def make(root: Path) -> Bench:
    bench = Bench(root)
    bench.declare()
    return bench


def environment() -> dict[str, str]:
    return {"CGT_MASTER_KEY": base64.b64encode(MASTER).decode()}


@dataclass
class FakeSetAside:
    object: str
    position: int
    item: int
    column: str | None
    rule: str
    text: str


@dataclass
class FakeAdmission:
    tables: dict[str, pl.DataFrame]
    links: pl.DataFrame
    verdicts: pl.DataFrame
    set_aside: list[FakeSetAside]
    counts: dict[str, Any]
    demographics: pl.DataFrame = field(default_factory=pl.DataFrame)


ACCEPTED = {
    "source_delivery": pl.String,
    "source_row": pl.Int64,
    "source_item": pl.Int64,
    "sequence": pl.String,
    "sample_no": pl.String,
    "mrn": pl.String,
    "volume_ml": pl.Float64,
}
LINKS = {
    "source_row": pl.Int64,
    "source_item": pl.Int64,
    "object": pl.String,
    "column": pl.String,
    "partner_token": pl.String,
    "linkage_token": pl.String,
}
VERDICTS = {
    "object": pl.String,
    "source_row": pl.Int64,
    "source_item": pl.Int64,
    "column": pl.String,
    "rule": pl.String,
    "effect": pl.String,
}


def admit(
    binding: Binding,
    reading: Reading,
    keys: Keys,
    suppressed: frozenset[str],
    registry: Registry,
    *,
    source_delivery: str,
    sequence: str,
    hand_on: Any = None,
) -> FakeAdmission:
    """A door that sets aside rows without a number and volumes that are no number, erases the suppressed and keeps the rest."""
    spec = binding.feed.objects[0]
    unread = spec.column("volume_ml").extension.missing
    is_lenient = "lenient" in spec.column("remark").description
    accepted, links, aside, erased, cells_aside = [], [], [], 0, 0
    verdicts: list[tuple[str, int, int, str | None, str, str]] = []
    for batch in reading:
        for place, position in enumerate(batch.positions):
            number, mrn, volume, remark = (batch.columns[name][place] or "" for name in ("sample_no", "mrn", "volume_ml", "remark"))
            linkage = token(keys.linkage, "mrn", "northbench", mrn)
            if linkage in suppressed:
                erased += 1
                continue
            if not number and not is_lenient:
                verdicts.append(("sample", position, 0, None, "D03", "row"))
                aside.append(FakeSetAside("sample", position, 0, None, "D03", ",".join((number, mrn, volume, remark))))
                continue
            value = None
            if volume and volume not in unread:
                try:
                    value = float(volume)
                except ValueError:
                    cells_aside += 1
                    verdicts.append(("sample", position, 0, "volume_ml", "D02", "cell"))
                    aside.append(FakeSetAside("sample", position, 0, "volume_ml", "D02", volume))
            partner_token = token(keys.partner(binding.partner.token_key), "mrn", "northbench", mrn)
            accepted.append((source_delivery, position, 0, sequence, number, partner_token, value))
            links.append((position, 0, "sample", "mrn", partner_token, linkage))
    rows_aside = sum(1 for one in aside if one.column is None)
    of_rows = {"in": reading.units, "accepted": len(accepted), "set_aside": rows_aside, "erased": erased}
    cells = {"in": 4 * reading.units, "set_aside": 4 * rows_aside + cells_aside, "erased": 4 * erased}
    return FakeAdmission(
        tables={"sample": pl.DataFrame(accepted, ACCEPTED, orient="row")},
        links=pl.DataFrame(links, LINKS, orient="row"),
        verdicts=pl.DataFrame(verdicts, VERDICTS, orient="row"),
        set_aside=aside,
        counts={
            "units": of_rows,
            "rows": {"sample": of_rows},
            "cells": cells | {"accepted": cells["in"] - cells["set_aside"] - cells["erased"], "dropped": len(accepted)},
        },
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` but manifests, which hold the receipt time, and the vault, whose bytes are random."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }
