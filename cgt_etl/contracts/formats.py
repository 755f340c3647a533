"""The closed models of file formats: how a contract says what its file looks like. One per reader of `cgt_etl.extract`.

Nothing here reads a file, or knows what a column means.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from cgt_etl.contracts.closed import Closed, Slug, pattern_of, with_group

_XML_NAME = r"(?:[A-Za-z][A-Za-z0-9_-]*:)?[^\W\d][\w-]*"


class Head(Closed):
    """Labelled values above a table, one label a line: said once for all rows, so every row gets them.

    The physical names of its columns are the labels, each in the first field of its line with its value in the next (`Start`); of a label
    with several values, `Start[0]` and `Start[1]`. The table's header is the first line that holds the names of all other columns.
    """

    columns: list[Slug] = Field(min_length=1)
    """Columns that stand in the head."""


class TableLayout(Closed):
    """How a table stands in a delimited file or on a sheet."""

    head: Head | None = None
    has_empty_margin: bool = False
    """Columns without a name stand beside those of the contract and hold nothing; a row with a value in one is set aside."""


class CsvFormat(TableLayout):
    format: Literal["csv"]
    delimiter: str = ","
    quote: str = '"'
    encoding: Literal["utf-8", "utf-8-sig", "utf-16", "latin-1", "iso-8859-15", "windows-1250", "windows-1252"] = "utf-8-sig"
    marked_encodings: list[Literal["utf-8-sig", "utf-16"]] = []
    """Encodings that a file may have in place of `encoding`, where its byte order mark says so; nothing else is asked."""
    header_lines: int = Field(default=1, ge=1)
    """Lines up to and with the header; those before it (a title, a spreadsheet's `sep=;`) are not read."""
    header_joined: int = Field(default=1, ge=1)
    """So many of these lines are the header together: a name is what stands in its column, from above, divided by blanks (`Volume mL`)."""
    foot: str | None = None
    """Regular expression of the line that closes the table, delimiters at its end left out; a file without it is not whole. Its group
    `rows`, where it has one, is the number of rows above."""
    decimal: Literal[".", ","] = "."
    headings: dict[str, str] = {}
    """Heading as some versions or exports write it -> the column's physical name."""
    may_lack_last_heading: bool = False
    """Some versions leave the name of the last column out, although every row has its cell."""
    carried_down: list[Slug] = []
    """Columns written in the first row of a block alone: where all of them are empty, those of the row above hold. Below a row that cannot
    be read nobody knows them, until they are written again."""
    name: str | None = None
    """Regular expression of a delivered file's name: its groups are columns, said once for all rows (the tank whose log it is)."""

    @property
    def in_name(self) -> tuple[str, ...]:
        """Columns that stand in the file's name."""
        return tuple(re.compile(self.name).groupindex) if self.name else ()

    @field_validator("name")
    @classmethod
    def _has_groups(cls, name: str | None) -> str | None:
        return with_group(name)

    @field_validator("foot")
    @classmethod
    def _counts_rows(cls, foot: str | None) -> str | None:
        return pattern_of(foot) if foot is None or "(?P<" not in foot else with_group(foot, "rows")

    @model_validator(mode="after")
    def _one_layout(self) -> CsvFormat:
        if self.head is not None and "header_lines" in self.model_fields_set:
            raise ValueError("below a head the header is found by its column names; `header_lines` is for a plain table")
        if self.header_joined > self.header_lines:
            raise ValueError("more lines are joined than `header_lines` counts")
        return self


class NdjsonFormat(Closed):
    format: Literal["ndjson"]
    resource_type: str | None = None


class JsonLayout(Closed):
    """Where the records of a whole JSON document lie. A list at the top is a list of such documents."""

    records: str | None = None
    """Path of the list of records (`epcisBody.eventList`), or `<path>.*` where they are members of an object, whose name is then
    `$key`; absent where the document is the record itself. `<path>|<path>` is the first of the two that is there."""
    inside: str | None = None
    """Element that holds what is described here, where a collector has put it into a document of its own (`response`); a document without
    that element is taken as it is."""
    is_alone_allowed: bool = False
    """A document without the list at `records` is one record itself: an event beside documents of events, a resource beside Bundles."""


class JsonFormat(JsonLayout):
    """Whole JSON documents, one file one document or a list of them; held in memory whole."""

    format: Literal["json"]
    resource_type: str | None = None
    """`resourceType` of the records; those of another type in the same list belong to other feeds."""


class Hl7Format(Closed):
    """HL7 v2 messages, with or without batch envelopes."""

    format: Literal["hl7"]
    encoding: Literal["utf-8", "utf-8-sig", "latin-1"] = "utf-8-sig"
    messages: list[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{2}\^[A-Z][A-Z0-9]{2}$")]] = []
    """Kinds of message (`ORU^R01`); others are set aside. Every kind where empty."""


class ArffFormat(Closed):
    format: Literal["arff"]
    relation: str | None = None


class Form(Closed):
    """A sheet that is one record laid out for people: labelled cells in the top block, and below them a table of its lines.

    The contract's first object is the form; the physical names of its columns are the labels, each value standing in the cell to the
    right of its label. The second object is the table's line; the physical names of its columns are the table's header, which is found
    by them. Both in any place, each once.
    """

    table_end: str
    """Text of the table's first column that closes it; a form without it is not whole."""


class XlsxFormat(TableLayout):
    """One sheet of a workbook: a plain table under a stated header row or below a head, or a form."""

    format: Literal["xlsx"]
    sheet: str = ""
    is_only_sheet: bool = False
    """In place of `sheet`: the workbook has one sheet, whatever its name; one with more is refused."""
    sheet_in_name: str | None = None
    """In place of `sheet`: regular expression of a delivered file's name whose group `sheet` names it (a sheet for each month)."""
    header_row: int = Field(default=1, ge=1)
    """Sheet row, from 1, with the column names of a plain table."""
    form: Form | None = None

    @field_validator("sheet_in_name")
    @classmethod
    def _names_a_sheet(cls, pattern: str | None) -> str | None:
        return with_group(pattern, "sheet")

    @model_validator(mode="after")
    def _one_layout(self) -> XlsxFormat:
        if [bool(self.sheet), bool(self.sheet_in_name), self.is_only_sheet].count(True) != 1:
            raise ValueError("one of `sheet`, `sheet_in_name` (how the file's name names it) and `is_only_sheet` says which sheet it is")
        if (self.form or self.head) is not None and "header_row" in self.model_fields_set:
            raise ValueError("in a form and below a head the header is found by its column names; `header_row` is for a plain table")
        if self.form is not None and (self.head is not None or self.has_empty_margin):
            raise ValueError("a form has no head and no margin")
        return self


class XmlFormat(Closed):
    """An XML document with records in it. Elements are known by their local names, or, where `namespaces` are stated, by these too."""

    format: Literal["xml"]
    encoding: Literal[
        "utf-8", "utf-16", "us-ascii", "latin-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1252", "shift_jis", "gb18030"
    ] = "utf-8"
    """A document that declares another is refused."""
    document_type: Literal["refused", "declarations_only"] = "refused"
    """`declarations_only`: a document type is passed over whose internal subset declares elements, and attributes that are text and have no
    value of their own. Entities, notations and subsets outside the document are refused always."""
    records: list[Annotated[str, Field(pattern=rf"^{_XML_NAME}(\.{_XML_NAME})*(\.\*)?$")]] = Field(min_length=1)
    """Ways from the root to the elements that are records: `HealthData.Record`; `*` at the end is every element there."""
    namespaces: dict[Annotated[str, Field(pattern=r"^([A-Za-z][A-Za-z0-9_-]*)?$")], str] = {}
    """Prefix of our paths -> namespace; the empty prefix is that of names without one, which are else in no namespace. What is of a
    namespace not stated is not read."""


class FcsFormat(Closed):
    """One data set of a flow cytometer (FCS 2.0, 3.0 or 3.1): the record is the acquisition, the object that explodes `parameter` has a
    row for each parameter. Physical names are keywords and, in parentheses, what the reader counts; see `cgt_etl.extract.fcs`."""

    format: Literal["fcs"]


class PlateFormat(Closed):
    """Text with the wells of one plate in titled blocks, each a grid of row letters and column numbers.

    The physical name of a column is the title of its block, `$row` the well's letter, `$column` its number.
    """

    format: Literal["plate"]
    encoding: Literal["utf-8", "utf-8-sig", "latin-1"] = "utf-8-sig"
    divider: Literal["tab", "space"]
    """What stands between the values of a row. A line divided by spaces cannot have an empty well."""
    rows: int = Field(default=8, ge=1, le=26)
    columns: int = Field(default=12, ge=2, le=48)
    lines: list[str] = []
    """Regular expressions of whole lines, without the blanks and quotation marks around them: their groups are columns, said once for all
    wells."""

    @property
    def in_lines(self) -> tuple[str, ...]:
        """Columns that stand in a line outside the blocks."""
        return tuple(dict.fromkeys(name for line in self.lines for name in re.compile(line).groupindex))

    @field_validator("lines")
    @classmethod
    def _have_groups(cls, lines: list[str]) -> list[str]:
        for line in lines:
            with_group(line)
        return lines


class TextFormFormat(Closed):
    """Text that is one record laid out for people: labelled lines, and below them a table of its lines.

    As in a workbook's form the first object is the form, the physical names of its columns the labels; a second object, with `explode:
    table`, is a line of the table, its physical names the table's header.
    """

    format: Literal["form"]
    encoding: Literal["utf-8", "utf-8-sig", "latin-1"] = "utf-8-sig"
    divider: str = Field(default=":", min_length=1)
    """Between a label and its value; a label may hold it too."""
    table_title: str = ""
    """Line above the table's header."""
    delimiter: str = Field(default=";", min_length=1, max_length=1)
    """Between the fields of the table."""
    end: str = Field(min_length=1)
    """Last line; a form without it is not whole."""


FileFormat = Annotated[
    CsvFormat | NdjsonFormat | JsonFormat | ArffFormat | XlsxFormat | Hl7Format | XmlFormat | FcsFormat | PlateFormat | TextFormFormat,
    Field(discriminator="format"),
]
