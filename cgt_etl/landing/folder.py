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

from cgt_etl.door.admit import Admission, Part
from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.landing.delivery import MANIFEST, Manifest, ObjectFile

ROW_GROUP = 100_000
DEFECT = "This is a defect of cgt_etl, not of the file; report it with this sentence"
"""Remedy of an error that no sender can mend."""
LINK_FILE, DEMOGRAPHIC_FILE, VERDICT_FILE = "links.parquet", "demographics.parquet", "verdicts.parquet"
_ROW_ORDER = ["source_row", "source_item"]
_LINK_ORDER = ["source_row", "source_item", "object", "column", "partner_token"]
_DEMOGRAPHIC_ORDER = ["source_row", "source_item", "object", "demographic", "form", "token"]
_VERDICT_ORDER = ["source_row", "source_item", "object", "column", "rule", "effect"]
_SUMS = ("accepted", "set_aside", "erased")


class Tables:
    """The tables of one delivery on their way into `folder`: `accepted/<object>.parquet`, `links.parquet` and, where a row has any,
    `demographics.parquet`, in groups of rows that do not depend on the parts in which they come. To be closed or thrown away."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}

    def add(self, part: Part) -> None:
        """Rows behind all that were added before."""
        for name, table in part.tables.items():
            self._add(f"accepted/{name}.parquet", table.sort(_ROW_ORDER, maintain_order=True))
        self._add(LINK_FILE, part.links.sort(_LINK_ORDER, maintain_order=True))
        if part.demographics.height:
            self._add(DEMOGRAPHIC_FILE, part.demographics.sort(_DEMOGRAPHIC_ORDER, maintain_order=True))

    def _add(self, name: str, rows: pl.DataFrame) -> None:
        if name not in self._files:
            (self._folder / name).parent.mkdir(exist_ok=True)
            self._files[name] = _File(self._folder / name, name)
        self._files[name].add(rows)

    def close(self) -> tuple[dict[str, ObjectFile], ObjectFile, ObjectFile | None]:
        """(by object, the links, the demographics), on the disk."""
        closed = {name: self._files[name].close() for name in sorted(self._files)}
        links, demographics = closed.pop(LINK_FILE), closed.pop(DEMOGRAPHIC_FILE, None)
        return {name.removeprefix("accepted/").removesuffix(".parquet"): file for name, file in closed.items()}, links, demographics

    def throw_away(self) -> None:
        """As if nothing had been added."""
        for file in self._files.values():
            file.throw_away()
        if self._files:
            (self._folder / "accepted").rmdir()


class _File:
    """One Parquet file. Its bytes depend on its rows alone."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0
        self._writer: pyarrow.parquet.ParquetWriter | None = None

    def add(self, rows: pl.DataFrame) -> None:
        self._waiting.append(rows)
        self._rows += rows.height
        if sum(of.height for of in self._waiting) >= ROW_GROUP:
            rows = pl.concat(self._waiting)
            whole = rows.height - rows.height % ROW_GROUP
            self._write(rows.head(whole))
            self._waiting = [rows.slice(whole)]

    def _write(self, rows: pl.DataFrame) -> None:
        table = rows.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            self._writer = pyarrow.parquet.ParquetWriter(
                self._path,
                table.schema,
                version="2.6",
                compression="zstd",
                compression_level=3,
                # Without the Arrow schema in the footer, text is plain text to every reader, and no library's own type gets in.
                store_schema=False,
            )
        self._writer.write_table(table, row_group_size=ROW_GROUP)

    def close(self) -> ObjectFile:
        rest = pl.concat(self._waiting)
        if self._writer is None or rest.height:
            self._write(rest)
        if self._writer is not None:
            self._writer.close()
        with self._path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ObjectFile(file=self._name, rows=self._rows, sha256=digest)

    def throw_away(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._path.unlink(missing_ok=True)


def write_admission(folder: Path, manifest: Manifest, admission: Admission, tables: Tables) -> Manifest:
    """Close `tables`, with what the admission still holds, and write `verdicts.parquet`; the manifest that says so.

    Raises:
        CgtError: the counts do not add up; nothing may be landed then.
    """
    tables.add(admission)
    objects, links, demographics = tables.close()
    _check_counts(admission.counts, objects)
    effects: dict[str, Counter[str]] = {}
    for rule, effect in admission.verdicts.select("rule", "effect").iter_rows():
        effects.setdefault(rule, Counter())[effect] += 1
    verdicts = _File(folder / VERDICT_FILE, VERDICT_FILE)
    verdicts.add(admission.verdicts.sort(_VERDICT_ORDER, maintain_order=True))
    return replace(
        manifest,
        counts=admission.counts,
        verdicts={rule: dict(sorted(effects[rule].items())) for rule in sorted(effects)},
        objects=objects,
        links=links,
        demographics=demographics,
        verdict_file=verdicts.close(),
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


def _check_counts(counts: dict[str, Any], objects: dict[str, ObjectFile]) -> None:
    """Count once more: in = accepted + set_aside + erased, for units, rows and cells, and the tables hold what is said."""
    for what, of in [("units", counts["units"]), ("cells", counts["cells"]), *((f"rows of {o}", c) for o, c in counts["rows"].items())]:
        if of["in"] != sum(of[part] for part in _SUMS):
            raise _miscount(what, of)
    for name, of in counts["rows"].items():
        if name not in objects or objects[name].rows != of["accepted"]:
            raise _miscount(f"accepted rows of {name}", of)


def _miscount(what: str, of: dict[str, Any]) -> CgtError:
    said = ", ".join(f"{key} {value}" for key, value in of.items() if isinstance(value, int))
    return CgtError(f"the {what} do not add up ({said})", remedy=DEFECT)
