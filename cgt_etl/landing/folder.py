"""The files inside one delivery's folder: Parquet tables whose bytes depend on their rows alone, and the manifest.

Takes what the door gives and holds no rule; a value goes nowhere but to where the door put it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet

from cgt_etl.door.admit import Admission
from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.landing.delivery import MANIFEST, Manifest, ObjectFile

ROW_GROUP = 100_000
DEFECT = "This is a defect of cgt_etl, not of the file; report it with this sentence"
"""Remedy of an error that no sender can mend."""
_ROW_ORDER = ["source_row", "source_item"]
_LINK_ORDER = ["source_row", "source_item", "object", "column", "partner_token"]
_VERDICT_ORDER = ["source_row", "source_item", "object", "column", "rule", "effect"]
_SUMS = ("accepted", "set_aside", "erased")


def write_admission(folder: Path, manifest: Manifest, admission: Admission) -> Manifest:
    """Write `accepted/<object>.parquet`, `links.parquet` and `verdicts.parquet` into `folder`; the manifest that says so."""
    (folder / "accepted").mkdir()
    effects: dict[str, Counter[str]] = {}
    for rule, effect in admission.verdicts.select("rule", "effect").iter_rows():
        effects.setdefault(rule, Counter())[effect] += 1
    return replace(
        manifest,
        counts=admission.counts,
        verdicts={rule: dict(sorted(effects[rule].items())) for rule in sorted(effects)},
        objects={name: _write(folder, f"accepted/{name}.parquet", table, _ROW_ORDER) for name, table in sorted(admission.tables.items())},
        links=_write(folder, "links.parquet", admission.links, _LINK_ORDER),
        verdict_file=_write(folder, "verdicts.parquet", admission.verdicts, _VERDICT_ORDER),
        raw_holds_erased=admission.counts["units"]["erased"] > 0,
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    durable.write_file(folder / MANIFEST, [manifest.text().encode()])


def set_aside_lines(admission: Admission) -> Iterator[bytes]:
    """What the door set aside, values included, as JSON lines; for the vault alone."""
    for one in admission.set_aside:
        said = {
            "object": one.object,
            "position": one.position,
            "item": one.item,
            "column": one.column,
            "rule": one.rule,
            "text": one.text,
        }
        yield json.dumps(said).encode() + b"\n"


def check_counts(admission: Admission) -> None:
    """Count once more: in = accepted + set_aside + erased, for units, rows and cells, and the tables hold what is said.

    Raises:
        CgtError: they do not add up; nothing may be landed then.
    """
    counts = admission.counts
    for what, of in [("units", counts["units"]), ("cells", counts["cells"]), *((f"rows of {o}", c) for o, c in counts["rows"].items())]:
        if of["in"] != sum(of[part] for part in _SUMS):
            raise _miscount(what, of)
    for name, of in counts["rows"].items():
        if name not in admission.tables or admission.tables[name].height != of["accepted"]:
            raise _miscount(f"accepted rows of {name}", of)


def _miscount(what: str, of: dict[str, Any]) -> CgtError:
    said = ", ".join(f"{key} {value}" for key, value in of.items() if isinstance(value, int))
    return CgtError(f"the {what} do not add up ({said})", remedy=DEFECT)


def _write(folder: Path, name: str, table: pl.DataFrame, order: list[str]) -> ObjectFile:
    path = folder / name
    pyarrow.parquet.write_table(
        table.sort(order, maintain_order=True).to_arrow(compat_level=pl.CompatLevel.oldest()),
        path,
        row_group_size=ROW_GROUP,
        version="2.6",
        compression="zstd",
        compression_level=3,
        # Without the Arrow schema in the footer, text is plain text to every reader, and no library's own type gets in.
        store_schema=False,
    )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ObjectFile(file=name, rows=table.height, sha256=digest)
