"""Landed deliveries made by hand: what the door would have written, from a few words per row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from cgt_etl.contracts.formats import CsvFormat
from cgt_etl.contracts.load import Feed, ObjectSpec
from cgt_etl.contracts.model import Demographic, FeedExtension, ObjectExtension, Promise, Sequence
from cgt_etl.contracts.registry import Dialect, Registry
from cgt_etl.door.demographics import forms
from cgt_etl.identity.build import IdentityResult, build
from cgt_etl.identity.statements import Decision
from cgt_etl.landing.delivery import Delivery, Manifest, ObjectFile
from cgt_etl.settings import Settings

MODES = ("append", "snapshot", "upsert")


class Id(NamedTuple):
    """An identifier in a cell: `person` as in a contract, None for a thing."""

    kind: str
    value: str
    person: str | None = None
    issuer: str = ""

    @property
    def linkage(self) -> str:
        return hashlib.sha256(f"link {self.kind} {self.issuer} {self.value}".encode()).hexdigest()[:32]

    def partner_token(self, partner: str) -> str:
        return hashlib.sha256(f"{partner} {self.kind} {self.issuer} {self.value}".encode()).hexdigest()[:32]


def mrn(value: str, person: str = "recipient", issuer: str = "hosp") -> Id:
    return Id("mrn", value, person, issuer)


def coi(value: str, person: str = "recipient") -> Id:
    return Id("coi", value, person)


@dataclass(frozen=True)
class Row:
    """A delivered record: its key, its identifiers, and its child rows' identifiers."""

    key: str
    ids: tuple[Id, ...] = ()
    is_retracted: bool = False
    children: tuple[tuple[Id, ...], ...] = ()
    states: tuple[Id, str, Id] | None = None
    """What the record says of two identifiers, of which the second alone is a person's in it: B replaces A."""
    says: tuple[tuple[Demographic, str], ...] = ()
    """What it says of its recipient beside identifiers."""


@dataclass(frozen=True)
class Sent:
    """A delivery: the mode names the feed."""

    sequence: str
    rows: tuple[Row, ...]
    mode: str = "upsert"
    partner: str = "north"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @property
    def id(self) -> str:
        return f"{self.partner}/{self.mode}/{self.sha256[:16]}"


@dataclass(frozen=True)
class Keys:
    release: bytes = b"r" * 32


def registry() -> Registry:
    """One dialect, `test`, with a feed per mode: objects `main` and `part`."""
    feeds = tuple(
        Feed(
            dialect="test",
            name=mode,
            path=Path("test") / f"{mode}.odcs.yaml",
            version="1.0.0",
            description="",
            owner="",
            extension=FeedExtension(
                file=CsvFormat(format="csv"),
                mode=mode,
                sequence=Sequence(source="constant", value="1"),
                unit="row",  # type: ignore[arg-type]
            ),
            objects=(ObjectSpec("main", "", ObjectExtension(), ()), ObjectSpec("part", "", ObjectExtension(explode="part"), ())),
            promise=Promise(),
            digest="0" * 64,
        )
        for mode in MODES
    )
    return Registry({"test": Dialect("test", Path("test"), feeds)}, {}, {}, [])


def land(landing: Path, sent: Sent, door16: str = "d" * 16) -> Delivery:
    """Write the delivery as landing would; positions count from 2, like lines below a header."""
    folder = landing / sent.id / door16
    (folder / "accepted").mkdir(parents=True)
    objects: dict[str, list[dict[str, Any]]] = {"main": [], "part": []}
    links: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for position, row in enumerate(sent.rows, start=2):
        for demographic, text in row.says:
            for form, kind, written in forms(demographic, text):
                token = hashlib.sha256(f"{kind} {written}".encode()).hexdigest()[:32]
                of = {"source_row": position, "source_item": 0, "object": "main", "person": "recipient"}
                said.append(of | {"demographic": demographic, "form": form, "token": token})
        parts = [("main", 0, row.ids), *(("part", item, ids) for item, ids in enumerate(row.children))]
        for name, item, ids in parts:
            key = row.key if name == "main" else f"{row.key}/{item}"
            objects[name].append(
                {
                    "source_delivery": sent.id,
                    "source_row": position,
                    "source_item": item,
                    "record_key": hashlib.sha256(key.encode()).hexdigest(),
                    "is_retracted": row.is_retracted and name == "main",
                }
            )
            stated = _stated(row.states) if name == "main" else []
            named = [*((one, "", None, None) for one in ids), *((one, *of) for one, of in stated)]
            for one, column, says, other in () if row.is_retracted and name == "main" else named:
                links.append(
                    {
                        "source_row": position,
                        "source_item": item,
                        "object": name,
                        "kind": one.kind,
                        "issuer": one.issuer,
                        "person": one.person,
                        "column": column,
                        "says": says,
                        "of": other,
                        "partner_token": one.partner_token(sent.partner),
                        "linkage_token": one.linkage,
                    }
                )
    manifest = Manifest(
        partner=sent.partner,
        feed=sent.mode,
        dialect="test",
        source_name="file.csv",
        sha256=sent.sha256,
        size=1,
        contract={"id": f"test.{sent.mode}", "version": "1.0.0"},
        door16=door16,
        door={},
        sequence=sent.sequence,
        envelope_sequence=None,
        received_at="2025-11-02T00:00:00+00:00",
        admitted_at="2025-11-02T00:00:00+00:00",
        status="landed",
        objects={name: _write(folder, f"accepted/{name}.parquet", rows, _ACCEPTED) for name, rows in objects.items()},
        links=_write(folder, "links.parquet", links, _LINKS),
        demographics=_write(folder, "demographics.parquet", said, _SAID) if said else None,
        verdict_file=None,
    )
    (folder / "manifest.json").write_text(manifest.text(), encoding="utf-8")
    (folder.parent / "current").write_text(door16)
    return Delivery.at(folder)


def _stated(said: tuple[Id, str, Id] | None) -> list[tuple[Id, tuple[str, str | None, str | None]]]:
    if said is None:
        return []
    return [(said[0]._replace(person=None), ("stays", said[1], "gone")), (said[2], ("gone", None, None))]


_ACCEPTED = pa.schema(
    {
        "source_delivery": pa.string(),
        "source_row": pa.int64(),
        "source_item": pa.int64(),
        "record_key": pa.string(),
        "is_retracted": pa.bool_(),
    }
)
_LINKS = pa.schema(
    {"source_row": pa.int64(), "source_item": pa.int64()}
    | {name: pa.string() for name in ("object", "column", "kind", "issuer", "person", "says", "of", "partner_token", "linkage_token")}
)

_SAID = pa.schema(
    {"source_row": pa.int64(), "source_item": pa.int64()}
    | {name: pa.string() for name in ("object", "person", "demographic", "form", "token")}
)


def _write(folder: Path, name: str, rows: list[dict[str, Any]], schema: pa.Schema) -> ObjectFile:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / name)
    return ObjectFile(name, len(rows), hashlib.sha256((folder / name).read_bytes()).hexdigest())


@dataclass
class Built:
    """The identity tables as lists of dicts, and their bytes."""

    result: IdentityResult
    bytes: dict[str, bytes] = field(default_factory=dict)

    def __getitem__(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.result.folder / f"{table}.parquet").to_pylist()
        return rows

    def subject_of(self, one: Id, partner: str = "north") -> str | None:
        return self.identifier(one, partner)["subject_id"]  # type: ignore[no-any-return]

    def identifier(self, one: Id, partner: str = "north") -> dict[str, Any]:
        (row,) = [row for row in self["identifier"] if row["partner_token"] == one.partner_token(partner)]
        return row

    def decided(self, one: Id, says: str, other: Id) -> Decision:
        """A steward's decision, on what a build showed."""
        return Decision(self.identifier(one)["release_token"], self.identifier(other)["release_token"], says)  # type: ignore[arg-type]

    def current(self, table: str = "main") -> set[tuple[str, int]]:
        return {
            (row["source_delivery"], row["source_row"])
            for row in self["record"]
            if row["is_current"] and row["object"].endswith(f"__{table}")
        }


def identity(home: Path, *sent: Sent, decisions: Iterable[Decision] = ()) -> Built:
    """Land these deliveries in a home of their own and build the identity tables, deliveries listed in this order."""
    settings = Settings(home=home)
    deliveries = [land(settings.landing, one) for one in sent]
    result = build(settings, registry(), deliveries, Keys(), home / "identity", decisions=decisions)  # type: ignore[arg-type]
    return Built(result, {file.name: file.read_bytes() for file in sorted(result.folder.iterdir())})
