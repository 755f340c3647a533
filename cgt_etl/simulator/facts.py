"""What an export hands to the delivery engine: records in a partner's own words, with the truth that each of them states.

Holds shapes alone. Exports make `Fact`s, `defects` spoils them, `delivery` writes them and notes where each came to stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cgt_etl.simulator.draws import Draws

Record = Mapping[str, Any]
"""CSV: physical column -> text as written. NDJSON: the JSON object. A form (workbook) or a file of its own: what its writer takes."""


@dataclass(frozen=True)
class Named:
    """A person's identifier in a record: what the oracle may join by."""

    column: str
    """Name of the contract's column, not the physical one."""
    kind: str
    """mrn, fhir_patient_id, donor_id, grid, crid, coi."""
    issuer: str
    """Partner that issues it; empty where it is unique everywhere (grid, crid, coi)."""
    value: str
    """Canonical form."""
    role: str
    """recipient, donor, or both where the contract says that the number names the two roles of one person."""
    person: int
    """Truth's number of the person."""


@dataclass(frozen=True)
class Stated:
    """A business event that a record states, as the released table `event` should hold it."""

    event_type: str
    """Of `event_types.csv`."""
    person: int | None
    """Whom it is about; None where the record names nobody (an off-the-shelf batch, a shipment of it)."""
    local: str
    """ISO local time to the precision written: `2025-11-02T12:05`, `2025-11-02`, `2025-12`."""
    utc: str | None
    """ISO instant to the second; None for a date alone."""
    object: str
    """What it happened to, in the truth's words (a DIN, a batch number, a lot, an SSCC, `journey 7`): two records that state
    one event agree on (event_type, object)."""
    replaces: str = ""
    """Object of the earlier event of its type that it takes the place of; empty for none."""


@dataclass(frozen=True)
class Consented:
    """A consent that a record states, as the released table `consent` should hold it: a row for each purpose, one where it names none."""

    person: int
    scope: str
    purposes: tuple[str, ...]
    given: str
    """Day, ISO, on the clocks of the hospital."""
    withdrawn: str | None = None
    """ISO instant to the second; None where it stands."""


Thing = tuple[str, ...]
"""What an edge joins: kind (`cells`, batch, dose_unit, administration) and number. Cells have three parts after it, each empty where it is
not said: donation, product description code, division; with the donation alone they are all that came of it."""


@dataclass(frozen=True)
class Edge:
    """A step of genealogy that a record states, as the released table `product_edge` should hold it."""

    edge_type: str
    """create, split, pool, transform, wash, sample, consume, remake, fill or administer."""
    parent: Thing
    child: Thing
    is_required: bool = True
    """False: a release may tell it by this record and need not, where another tells how the same cells came to be."""


@dataclass(frozen=True)
class Swap:
    """Two persons who are mixed up in one or more records."""

    id: str
    """Unique in a world."""
    persons: tuple[int, int]
    """Whom the records are about, and whose identifiers got into them."""
    is_double: bool
    """Exchanged whole, in the records of both: nothing in them contradicts anything."""


@dataclass(frozen=True)
class DefectClass:
    """A way in which this feed's exports go wrong, and what the pipeline must make of it."""

    name: str
    rule: str
    """Rule that must find it."""
    effect: str
    """row, cell, flag."""
    column: str | None
    """Contract's name of the column at which it is found; None for the record."""
    typical: float
    harsh: float
    """Share of records that get it at each level."""
    apply: Callable[[Record, Draws], Record | None]
    """The record with the defect; None where this record cannot have it."""
    loses: frozenset[str] = field(default_factory=frozenset)
    """Contract columns whose identifiers do not survive; all of them when the effect is `row`."""
    at_door: bool = True
    """False: found in the house, once other records are there."""
    loses_edges: frozenset[str] = field(default_factory=frozenset)
    """Types of the edges that the record no longer states."""
    adds: tuple[Stated, ...] = ()
    """Events that only the record with the defect states."""
    restates: tuple[Stated, ...] = ()
    """Events that it states in the place of the record's own; none: those stay."""
    needs: tuple[str, ...] = ()
    """Measurements and types of event that some record of the same batch or the same person must state, for the house to find it."""
    beside: tuple[str, ...] = ()
    """Measurements, likewise: one of them, of the same person at the same time."""


@dataclass(frozen=True)
class Fact:
    """One record that one partner can export from `known` on."""

    partner: str
    feed: str
    known: date
    """First day on which its sender has it; delivered in the first night on or after."""
    record: Record
    key: tuple[str, ...]
    """Business key: later statements with the same key correct earlier ones."""
    journey: int
    persons: tuple[Named, ...] = ()
    apart: tuple[Named, ...] = ()
    """Named too, and joined with nobody by this record: the number that a merge of records ends."""
    traits: tuple[Named, ...] = ()
    """What a person has one of, and others have too, in the shape of an identifier: birth_date, sex. It joins nobody, and two of them
    are two persons."""
    swap: Swap | None = None
    """Of a record in which another person is named: its identifiers belong to those whose they are, whatever it says."""
    events: tuple[Stated, ...] = ()
    edges: tuple[Edge, ...] = ()
    consent: Consented | None = None
    graded: tuple[str, int] | None = None
    """Of a record that states a part of a toxicity: its scale (crs, icans) and the consensus grade of the day."""
    objects: tuple[tuple[str, str, str], ...] = ()
    """Identifiers of things: (kind, issuer, canonical value): din, lot, batch, order_id, sscc, awb, logger."""
    change: int = 0
    """n-th correction of the same record: comes n nights after it otherwise would."""
    is_retraction: bool = False
    file: str | None = None
    """Name of a file of its own (a certificate, a logger's download); None for the night's file of its feed."""
    dated: date | None = None
    """Day that the name of its file says (a workbook for each month); None for the night's."""
    persists: bool = False
    """A snapshot feed: it stands in every night's file from `known` on."""
    until: date | None = None
    """Day from which another statement of the same record takes its place; not exported where that is known by the same night."""
    defects: tuple[DefectClass, ...] = ()
    """Those that this record can have beside all that its feed's can."""
    is_final: bool = True
    """No other statement of the same record follows, so that it may come late or again."""

    @property
    def collected(self) -> str | None:
        """Donation whose collection it states, of the one person that it is about."""
        return next((one.object for one in self.events if one.event_type == "apheresis_started"), None)


@dataclass(frozen=True)
class Bulk:
    """A file of many readings that is written as a whole, without truth per row: wearable minutes."""

    partner: str
    feed: str
    known: date
    journey: int
    file: str
    write: Callable[[Path], int]
    """Writes the file at the path, gives its units."""
    persons: tuple[Named, ...] = ()
    """Named by every row of it."""


@dataclass(frozen=True)
class Csv:
    """How a feed's nightly file is written: delimited text, one record a row."""

    name: str
    """File name with `{stamp}` for the night's `YYYYMMDD`, or `{day:...}` for its date (or `Fact.dated`) in another form; where both are
    absent the engine writes `envelope.json` beside it."""
    columns: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    """Information for exports; the engine writes texts as they are."""


@dataclass(frozen=True)
class Ndjson:
    """One JSON object a line, compact, non-ASCII as it is."""

    name: str


@dataclass(frozen=True)
class Own:
    """Every record is a file of its own (`Fact.file`): a workbook, a logger's download."""

    write: Callable[[Record, Path], None]
    position: Callable[[Record, str | None], int]
    """Position at which the door counts a column of the record (None: the record itself); what truth says of its defects."""
    units: Callable[[Record], int]


@dataclass(frozen=True)
class Text:
    """Records as text of their own, one or more lines each, between a file's begin and end: messages, elements of a document."""

    name: str
    """As of `Csv`."""
    write: Callable[[Record], str]
    """The record as it stands, without its last line end."""
    begin: str = ""
    end: str = ""
    by_number: bool = False
    """The door counts records by their number, not by the line on which they begin."""


@dataclass(frozen=True)
class Sheet:
    """A workbook with one table under one header row, a record a row; written when the night's files are closed."""

    name: str
    """As of `Csv`."""
    sheet: str
    """Name of the sheet, with `{day:...}` as the file's."""
    columns: tuple[str, ...]


Nightly = Csv | Ndjson | Text | Sheet
"""Layouts of one file a night for many records."""
Layout = Nightly | Own


def is_dated(layout: Nightly) -> bool:
    """Whether the file's name says its night."""
    return "{" in layout.name
