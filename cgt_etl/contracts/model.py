"""The closed models of what ODCS leaves open: our extensions in `customProperties`, and the partner file. File formats: `formats`.

Every model refuses unknown keys, so a typo at any depth is an error. Nothing here reads a file or a data row.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from cgt_etl.contracts.closed import Closed, Slug, pattern_of, with_group
from cgt_etl.contracts.formats import FileFormat, JsonLayout

Privacy = Literal["direct", "quasi", "date", "free_text", "none"]
Action = Literal["token", "drop", "keep"]
CastName = Literal["text", "code", "integer", "decimal", "measured", "ratio", "limits", "boolean", "date", "time", "instant", "identifier"]
Person = Literal["recipient", "donor", "both"]
Demographic = Literal["family_name", "given_name", "birth_date", "sex", "postcode"]
Role = Literal[
    "blood_centre",
    "hospital",
    "treatment_centre",
    "manufacturer",
    "laboratory",
    "courier",
    "registry",
    "cord_bank",
    "donor_registry",
    "wearable_vendor",
]


_DEMOGRAPHIC_CASTS: dict[Demographic, CastName] = {
    "family_name": "text",
    "given_name": "text",
    "birth_date": "date",
    "sex": "code",
    "postcode": "text",
}


class Rule(Closed):
    """`implementation` of an ODCS quality rule with `engine: cgt`: a check by name, with its arguments."""

    check: Slug
    arguments: dict[str, str | int | float | bool | list[str]] = {}


class Measurement(Closed):
    """This column holds a measurement of the vocabulary, in this unit."""

    name: Slug
    unit: str | None = None
    """The unit of the column's numbers, in UCUM; a row of `unit_map.csv`. What stands in a `unit_column` is as the partner writes it."""
    method: str | None = None
    specimen: str | None = None
    timepoint: str | None = None
    """`pre` or `post` collection, `release`, ...: what the column says about when."""


class Where(Closed):
    """Rows whose `column` reads one of `values`."""

    column: str
    values: list[str] = Field(min_length=1)


class Statement(Closed):
    """A record states outright that this identifier and the one in `column` of its own row are one person's."""

    column: str
    says: Literal["replaces", "same"]
    """`replaces`: the number in `column` is no more, this one stands for it."""
    where: Where | None = None
    """The rows that state it, where not all do."""
    taken_back: Where | None = None
    """Rows that undo what earlier ones stated of the two, whichever of them named which first."""


class Column(Closed):
    """Our part of one contract property: how a cell becomes typed, whose it is, and what may leave the door."""

    cast: CastName
    privacy: Privacy
    action: Action
    reason: str | None = None
    """Why it is dropped; required with `action: drop`."""
    identifier: Slug | None = None
    """Kind of identifier (din, grid, coi, mrn, lot, order_id, ...), with `cast: identifier`."""
    issuer: Slug | None = None
    """Whose number it is where that is fixed in the dialect; else the partner file says it."""
    person: Person | None = None
    """Whose identifier it is; absent on identifiers of things."""
    states: Statement | None = None
    """What a record says of two identifiers: a merge, a link. Evidence by itself, beyond being mentioned together."""
    demographic: Demographic | None = None
    """What it says of the `person`. Its tokenised forms go into `demographics.parquet`, where identity finds pairs that a steward might
    look at; they join nobody, and two dates of birth or two sexes of one person are a contradiction. With `action: token` nothing else is
    left of it, with `action: keep` it is in the accepted rows too."""
    part: str | None = None
    """Regular expression that the whole cell must match; what its group `part` matches is read, with the group empty there is no value.
    For a unit written behind its number (`-188.4°C`) and for one cell that holds two things."""
    split: str | None = None
    """Separator of a cell with several identifiers; gives the child object `<object>__<column>`."""
    formats: list[str] = []
    """strptime formats of dates and times, tried in order; never guessed. Of instants also `epoch_s`, `epoch_ms` and `epoch_ns` (since
    1970, in UTC; their local time is the site's) and `epoch_local_s` (seconds on the clock where it was seen)."""
    year_from_sequence: bool = False
    """The text has no year. The delivery's sequence begins with a year and a month (`202511`); of the years around it that one is taken
    which brings the time nearest to that month."""
    missing: dict[str, str] = {}
    """Cell texts that mean there is no value -> the meaning kept as status (`missing`, `never`, `unknown`, ...)."""
    values: dict[str, bool] = {}
    """Texts of a boolean."""
    code_map: Slug | None = None
    """Map of `code_map.csv` that the text must belong to; of `cast: limits`, the limits in words (`No growth`)."""
    unit_column: str | None = None
    """Property that holds this value's unit."""
    offset_column: str | None = None
    """Property that holds the UTC offset of the clock where an instant was seen: its local time and date are those of that clock, and one
    that says no offset of its own happened at this one."""
    zone_column: str | None = None
    """Property that holds the zone of this instant's clock, where the file states it: a code whose map gives IANA zones. In place of the
    site's zone."""
    comparators: bool = False
    """A leading <, >, <= or >= is kept beside the number."""
    measurement: Measurement | None = None
    key: bool = False
    """Marks event time, and what a record is worth nothing without: a cell that cannot be read sends its row aside."""
    may_lack: bool = False
    """Some exports of the dialect have no such column (of a form, no such label): its cells are then missing. Of delimited files and
    workbooks without a head; in nested formats what is absent is missing anyway."""

    @property
    def is_accepted(self) -> bool:
        """Whether accepted rows have it, as it is or as a token."""
        return self.action == "keep" or (self.action == "token" and self.demographic is None)

    @field_validator("part")
    @classmethod
    def _has_part(cls, part: str | None) -> str | None:
        return with_group(part, "part")

    @model_validator(mode="after")
    def _of_whom(self) -> Column:
        if self.demographic and (self.action == "drop" or not self.person or self.cast != _DEMOGRAPHIC_CASTS[self.demographic]):
            raise ValueError(
                "what is `demographic` says of which `person`, is not dropped, and is a text, a birth date a date, a sex a code"
            )
        if self.states and (self.cast != "identifier" or self.action != "token" or self.split):
            raise ValueError("only an identifier that is tokenised, one in a cell, `states` something of another")
        return self

    @model_validator(mode="after")
    def _coherent(self) -> Column:
        if (self.cast == "identifier") != (self.identifier is not None):
            raise ValueError("`cast: identifier` and `identifier:` go together")
        if self.action == "drop" and not self.reason:
            raise ValueError("a dropped column needs its `reason`")
        if self.action == "token" and self.cast != "identifier" and not self.demographic:
            raise ValueError("only an identifier or what is `demographic` can be tokenised")
        if self.cast == "identifier" and self.action == "keep" and self.privacy == "direct":
            raise ValueError("a direct identifier is tokenised or dropped, never kept")
        if self.privacy in ("direct", "free_text") and self.action == "keep":
            raise ValueError("direct identifiers and free text are never kept")
        if self.cast in ("date", "time") and not self.formats:
            raise ValueError("a date or time states its `formats`")
        if self.cast == "boolean" and not self.values:
            raise ValueError("a boolean states its `values`")
        if self.offset_column and self.cast != "instant":
            raise ValueError("only an instant has an `offset_column`")
        if self.year_from_sequence and (self.cast not in ("date", "instant") or not self.formats):
            raise ValueError("only a date or an instant with `formats` lacks its year")
        if self.zone_column and self.cast != "instant":
            raise ValueError("only an instant has a `zone_column`")
        if self.cast == "code" and not self.code_map:
            raise ValueError("a code states its `code_map`")
        return self


class Instant(Closed):
    """An instant made of a date cell and a time cell in the site's zone."""

    name: Slug
    date: str
    time: str
    not_before: str | None = None
    """Instant that this one may not precede: an earlier reading means the next day."""
    key: bool = False


class Retraction(Closed):
    """A record whose `column` reads one of `values` (anything at all where none is named) takes back earlier versions of its key."""

    column: str
    values: list[str] = []


class ObjectExtension(Closed):
    """Our part of one contract object: a record type of the feed."""

    explode: str | None = None
    """Path of the list inside a record whose elements are this object's rows (`table` in a form); absent for the record itself."""
    instants: list[Instant] = []
    retraction: Retraction | None = None


class Sequence(Closed):
    """Where a delivery's sequence comes from; a later sequence wins, never a later arrival."""

    source: Literal["name", "envelope", "constant"]
    pattern: str | None = None
    """Regular expression with the group `sequence`, for `name`."""
    value: str | None = None
    """For `constant`: an export that was made once."""

    @field_validator("pattern")
    @classmethod
    def _has_group(cls, pattern: str | None) -> str | None:
        return with_group(pattern, "sequence")

    @model_validator(mode="after")
    def _complete(self) -> Sequence:
        if (self.source == "name") != (self.pattern is not None) or (self.source == "constant") != (self.value is not None):
            raise ValueError("`name` needs `pattern`, `constant` needs `value`, and nothing else")
        return self


class SlaProperty(Closed):
    """One entry of ODCS's `slaProperties`, of which we hold senders to two, both in days."""

    property: Literal["frequency", "latency"]
    value: int = Field(ge=1, strict=True)
    unit: Literal["d"]
    description: str = ""


class Promise(Closed):
    """How often a feed comes and how fast its facts are told; None where nobody promised it."""

    every_days: int | None = None
    """A delivery at least this often (ODCS: frequency)."""
    delay_days: int | None = None
    """A fact is delivered at most this long after it happened (ODCS: latency)."""


class Packed(Closed):
    """What is in a zip of this feed beside the export."""

    entry: str
    """Regular expression of the whole path of the one entry that is the export (`apple_health_export/export\\.xml`); others are not
    read."""

    @field_validator("entry")
    @classmethod
    def _is_pattern(cls, entry: str) -> str:
        pattern_of(entry)
        return entry


class FeedExtension(Closed):
    """Our part of a contract: file format, delivery mode and sequence."""

    file: FileFormat
    mode: Literal["append", "snapshot", "upsert"]
    sequence: Sequence
    unit: Literal["line", "resource", "row", "message", "element", "form", "record", "data set", "well"]
    """What is counted."""
    packed: Packed | None = None
    """Any file may come plain, as `<name>.gz` or alone in `<name>.zip`; stated only where a zip holds other files too."""
    ignored_elements: dict[str, str] = {}
    """Elements of a nested record, texts of a form (with the cell to their right), labels of a table's head, or regular expressions of
    a plate's lines, that are deliberately not read -> why."""

    @property
    def entry(self) -> str | None:
        """Pattern of the entry of a zip, where others lie beside it."""
        return self.packed.entry if self.packed else None


class Site(Closed):
    site: Slug
    name: str
    zone: str
    country: str
    fin: str | None = None
    gln: str | None = None


class CanonicalForm(Closed):
    """How an issuer's numbers are brought to one form: `00123456` and `123456` are one."""

    strip: str = ""
    """Characters removed wherever they stand."""
    strip_prefix: str = ""
    """Text removed from the front, once: `Patient/` of a FHIR reference."""
    zero_pad: int | None = None
    upper: bool = True


class Issue(Closed):
    """A kind of identifier that this organisation issues."""

    kind: Slug
    canonical: CanonicalForm = CanonicalForm()


class Speaks(Closed):
    """A dialect that this organisation exports, where, and how it departs from the dialect."""

    dialect: Slug
    site: Slug
    feeds: list[Slug] = []
    """Feeds it promised; all of the dialect when empty."""
    issuers: dict[Slug, Slug] = {}
    """Kind of identifier -> the partner that issues it, where it is not this one."""
    patterns: dict[Slug, list[str]] = {}
    """Kind of identifier -> regular expressions of other forms that it has here: the chain-of-identity ids of a sponsor's own style."""
    sequence: Sequence | None = None
    """Overrides the contracts' sequence."""
    document: JsonLayout | None = None
    """It sends whole JSON documents (Bundles, EPCIS documents), laid out so, where the contracts say JSON lines."""
    every_days: int | None = Field(default=None, ge=1)
    """Overrides the contracts' `frequency`: a delivery at least this often."""
    delay_days: int | None = Field(default=None, ge=1)
    """Overrides the contracts' `latency`: a fact is delivered at most this long after it happened."""

    @field_validator("patterns")
    @classmethod
    def _are_patterns(cls, patterns: dict[str, list[str]]) -> dict[str, list[str]]:
        for listed in patterns.values():
            for pattern in listed:
                pattern_of(pattern)
        return patterns


class Partner(Closed):
    """One organisation: who it is, where it is, what it sends."""

    partner: Slug
    name: str
    legal_entity: str
    roles: list[Role] = Field(min_length=1)
    sites: list[Site] = Field(min_length=1)
    speaks: list[Speaks] = []
    issues: list[Issue] = []
    token_key: str
    """Name of its token key, e.g. `northgate-1`; a new name is a new key."""
    owner: str
    """Who answers for its deliveries."""

    @model_validator(mode="after")
    def _sites_known(self) -> Partner:
        known = {site.site for site in self.sites}
        for spoken in self.speaks:
            if spoken.site not in known:
                raise ValueError(f"dialect {spoken.dialect} names a site that is not among `sites`")
        return self
