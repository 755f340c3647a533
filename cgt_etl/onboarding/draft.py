"""Drafts as text: a contract of a sample, a README, a partner file. Everything that a person must decide stands in them as TODO.

`TODO x` proposes x: whoever agrees deletes the word. Writes names, positions and formats; no value of a sample.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from cgt_etl.contracts.formats import CsvFormat, FileFormat, NdjsonFormat
from cgt_etl.contracts.registry import GLOBAL_KINDS, Dialect
from cgt_etl.onboarding.sample import Sample, SeenColumn

_MOST_POSITIONS = 5
_LOGICAL = {"integer": "integer", "decimal": "number", "measured": "number", "boolean": "boolean", "date": "date", "instant": "timestamp"}
_PRIVACY = {"integer": "none", "decimal": "none", "measured": "none", "boolean": "none", "date": "date", "time": "date", "instant": "date"}
_SIGNS = {"µ": "u", "μ": "u", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "%": " pct ", "#": " no ", "+": " pos "}
_SEQUENCE = re.compile(r"\d{6,14}")
_HEADER = """\
# A draft. Every TODO is yours to decide; `TODO x` proposes x: delete the word where you agree. Until the last one is gone the folder is
# left out of everything, and `cgt-etl contract check` says where the next one stands. CONTRIBUTING shows a finished contract.
#   privacy: direct (names a person), quasi, date, free_text, none
#   action:  token (an identifier; with `cast: identifier` and `identifier: <kind>`; a name: `demographic:`), keep, drop (with `reason:`)
#   number:  reaches the table `measurement` by `cast: measured` and `measurement: {name: <of measurements.csv>, unit: <as written>}`
#   key:     the columns that name one record get `required: true`, `primaryKey: true` and `primaryKeyPosition: 1`, 2, ...
"""


def slug(text: str) -> str:
    """A column's or feed's name from what its sender calls it: lower case, ASCII, words divided by one underscore."""
    plain = "".join(_SIGNS.get(sign, sign) for sign in text.lower())
    ascii_only = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", ascii_only).strip("_")
    return name if name[:1].isalpha() else f"c_{name}".rstrip("_")


def contract(dialect: str, feed: str, sample: Sample, source: Path) -> str:
    """`<feed>.odcs.yaml` of a sample."""
    return "\n".join(
        [
            _HEADER.rstrip("\n"),
            "apiVersion: v3.1.0",
            "kind: DataContract",
            f"id: {dialect}.{feed}",
            f"name: {_quoted(feed)}",
            "version: 0.1.0",
            "status: draft",
            "domain: cell-and-gene-therapy",
            "description:",
            "  purpose: TODO what this export is, of which system, and what one row is",
            "  limitations: TODO what it does not say, or says in an unusual way",
            "  usage: Operating network only.",
            "team:",
            "  name: TODO who answers for this contract",
            "schema:",
            f"  - name: {_quoted(feed)}",
            f"    physicalType: {_physical_type(sample.file)}",
            "    description: TODO one row is one ...",
            "    dataGranularityDescription: TODO the columns of the business key, in words; mark them below",
            "    properties:",
            *(line for column, name in _named(sample.columns) for line in _property(column, name)),
            *(
                f"  # `{name}` holds a list of records: a second object with `explode: {name}`, or a line of `ignored_elements`"
                for name in sample.lists
            ),
            "customProperties:",
            "  - property: cgt",
            "    value:",
            f"      file: {_file(sample.file)}",
            "      mode: TODO append (rows are added), upsert (a later row replaces) or snapshot (what is missing is gone)",
            f"      sequence: {_sequence(source)}",
            f"      unit: {sample.unit}",
            "",
        ]
    )


def readme(dialect: str) -> str:
    """`README.md` of a dialect's folder."""
    return (
        f"# {dialect}\n\nTODO which system exports this, how, and how often.\n\nTODO what is deliberately left out, and why.\n\n"
        "TODO put rows that you made up into `samples/`, with `expected.yaml` saying what must become of each; never rows of real people.\n"
    )


def partner(name: str, dialects: list[Dialect]) -> str:
    """`partner.yaml` of an organisation that speaks the dialects."""
    speaks, issues = [], []
    for dialect in dialects:
        kinds = _own_kinds(dialect)
        issuers = ", ".join(f"{kind}: TODO {name}" for kind in kinds)
        speaks.append(f"  - dialect: {dialect.name}\n    site: main")
        if kinds:
            speaks[-1] += f"\n    issuers: {{{issuers}}}   # who issues these numbers; leave out what this organisation issues itself"
        issues += [f"  - kind: TODO {kind}" for kind in kinds]
    listed = (
        ["issues:   # kinds of numbers that this organisation issues; how it writes them: canonical: {zero_pad: 8}", *issues]
        if issues
        else []
    )
    return "\n".join(
        [
            "# A draft. Every TODO is yours to decide; `TODO x` proposes x. `cgt-etl contract check` says where the next one stands.",
            f"partner: {name}",
            "name: TODO as people call it",
            "legal_entity: TODO the company or body behind it; sharing counts these",
            "roles: [TODO blood_centre]",
            "sites:",
            "  - {site: main, name: TODO, zone: TODO America/New_York, country: TODO US}   # fin: of a blood centre; gln: of a shipper",
            "speaks:",
            *speaks,
            *listed,
            f"token_key: {name.replace('_', '-')}-1",
            "owner: TODO who answers for its deliveries",
            "",
        ]
    )


def _own_kinds(dialect: Dialect) -> list[str]:
    """Kinds of identifier in a dialect whose issuer the partner file says."""
    columns = (column.extension for feed in dialect.feeds for spec in feed.objects for column in spec.columns)
    tokens = (of for of in columns if of.action == "token" and not of.issuer)
    return sorted({of.identifier for of in tokens if of.identifier and of.identifier not in GLOBAL_KINDS})


def _named(columns: tuple[SeenColumn, ...]) -> Iterator[tuple[SeenColumn, str]]:
    """Each column with a name that no other has."""
    taken: set[str] = set()
    for column in columns:
        plain = slug(column.physical_name)
        name = next(one for one in (plain, *(f"{plain}_{number}" for number in range(2, len(columns) + 2))) if one not in taken)
        taken.add(name)
        yield column, name


def _property(column: SeenColumn, name: str) -> Iterator[str]:
    of = column.proposal
    yield f"      - name: {_quoted(name)}"
    yield f"        physicalName: {_quoted(column.physical_name)}"
    yield f"        logicalType: {_LOGICAL.get(of.cast, 'string')}"
    yield "        description: TODO what it holds"
    yield f"        # in the sample: {column.filled} of {column.rows} filled{', all different' if column.is_unique else ''}"
    if of.strays:
        places = ", ".join(str(position) for position in of.strays[:_MOST_POSITIONS])
        more = f" and {len(of.strays) - _MOST_POSITIONS} more" if len(of.strays) > _MOST_POSITIONS else ""
        yield f"        # not so at {places}{more}: name texts that mean there is no value under `missing`; others will be set aside"
    if len(of.formats) > 1:
        yield "        # the sample cannot tell these formats apart: ask the sender, and keep one"
    yield "        customProperties:"
    parts = [f"cast: TODO {of.cast}"]
    if of.formats:
        parts.append("formats: [" + ", ".join(f'"TODO {form}"' for form in of.formats) + "]")
    if of.cast == "boolean":
        parts.append("values: {TODO the text of yes: true, TODO the text of no: false}")
    if of.has_comparators:
        parts.append("comparators: true")
    privacy = _PRIVACY.get(of.cast)
    parts += [f"privacy: TODO {privacy}", "action: TODO keep"] if privacy else ["privacy: TODO", "action: TODO"]
    yield f"          - {{property: cgt, value: {{{', '.join(parts)}}}}}"


def _quoted(text: str) -> str:
    """A YAML double-quoted scalar, where a plain one could be taken for something else."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_ ]*", text) and text.lower() not in ("yes", "no", "on", "off", "true", "false", "null", "y", "n"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def _physical_type(file: FileFormat) -> str:
    return {
        "csv": "csv row",
        "xlsx": "sheet row",
        "ndjson": "json line",
        "json": "json object",
        "arff": "arff row",
        "hl7": "HL7 v2 message",
    }[file.format]


def _file(file: FileFormat) -> str:
    """The format as found; what is the model's default is left out."""
    if isinstance(file, NdjsonFormat):
        return "{format: ndjson" + (f", resource_type: {file.resource_type}" if file.resource_type else "") + "}"
    stated = {"format": file.format} | {
        name: value for name, value in file.model_dump().items() if value != type(file).model_fields[name].default
    }
    if isinstance(file, CsvFormat) and file.decimal == ",":
        stated["decimal"] = ","
    return "{" + ", ".join(f"{name}: {_quoted(value) if isinstance(value, str) else value}" for name, value in stated.items()) + "}"


def _sequence(source: Path) -> str:
    """From the digits of the sample's name where it has one run that could be a date; else asked for."""
    runs = list(_SEQUENCE.finditer(source.name))
    if len(runs) != 1:
        return '"TODO {source name, with a pattern}, {source envelope} or {source constant, with a value}, as in the other contracts"'
    before, run, after = source.name[: runs[0].start()], runs[0].group(), source.name[runs[0].end() :]
    pattern = f"{re.escape(before)}(?P<sequence>\\d{{{len(run)}}}){re.escape(after)}".replace("\\", "\\\\")
    return f'{{source: name, pattern: "TODO {pattern}"}}'
