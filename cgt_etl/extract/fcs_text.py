"""HEADER and TEXT of a flow cytometry file (FCS 2.0, 3.0, 3.1): its keywords, and what its events are said to be.

Everything that can be refused without the events is refused here, before another library is handed the file. Opens no file, reads no event.

TEXT is UTF-8 or else Latin-1. A doubled delimiter in a value is that character; in a keyword it is a value that was left empty, which the
standard forbids and exporters write. Keywords are told in upper case; one that stands twice with other values has both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cgt_etl.errors import RefusedFile
from cgt_etl.extract import limits
from cgt_etl.extract.records import UNREADABLE

VERSIONS = ("FCS2.0", "FCS3.0", "FCS3.1")
AGAIN, MEND = "Send the whole file again", "Export it again, one data set a file, in list mode"
_HEADER_BYTES = 58
_WHOLE = re.compile(r" *([0-9]{1,12}) *")
_NUMBER = re.compile(r" *[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})? *")
_ORDERS = ("1,2,3,4", "4,3,2,1", "1,2", "2,1")
_WIDTHS = {"I": (8, 16, 32), "F": (32,), "D": (64,)}
_LARGEST_OF_HEADER = 99_999_999


@dataclass(frozen=True)
class Parameter:
    """How one parameter's values stand in the data segment."""

    number: int
    """From 1."""
    bits: int
    top: float
    """Smallest value that its detector cannot tell from a greater one: of integers `$PnR` - 1, else `$PnR`."""


@dataclass(frozen=True)
class DataSet:
    """What HEADER and TEXT say of the file's one data set."""

    version: str
    keywords: dict[str, list[str]]
    """Keyword in upper case -> its different values in their order, mostly one."""
    events: int
    parameters: tuple[Parameter, ...]
    is_integer: bool

    def one(self, keyword: str) -> str:
        """The value of a keyword that was found to stand once."""
        return self.keywords[keyword][0]

    @property
    def structural(self) -> list[str]:
        """Keywords that say what the events are."""
        return ["$TOT", "$PAR", "$DATATYPE", "$MODE", "$BYTEORD", *(f"$P{one.number}{of}" for one in self.parameters for of in "NBR")]


def refuse(path: Path, what: str, remedy: str = MEND) -> RefusedFile:
    """What a file is refused with; `what` names keywords, never their values."""
    return RefusedFile(what, remedy=remedy, file=path.name, position=1, rule=UNREADABLE)


def data_set(path: Path, content: bytes) -> DataSet:
    """What the file says of its data set, held to the limits and to the bytes that are there.

    Raises:
        RefusedFile: it is no FCS of a known version, breaks off, holds several data sets, or events that cannot be read as stated.
    """
    return _Said(path, content).data_set()


class _Said:
    """One file's HEADER and TEXT while they are read."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path, self._content = path, content
        if not content:
            raise refuse(path, "the file is empty", AGAIN)
        self._version = content[:6].decode("latin-1")
        if self._version not in VERSIONS:
            raise refuse(path, f"it does not begin as one of {', '.join(VERSIONS)}", "Send a file of one of these versions")
        if len(content) < _HEADER_BYTES:
            raise refuse(path, "the file is truncated: its HEADER breaks off", AGAIN)
        self._text_at = self._of_header("TEXT", 10)
        self._keywords: dict[str, list[str]] = {}
        self._take("TEXT", *self._text_at)
        supplement = self._stated("$BEGINSTEXT", "$ENDSTEXT")
        if any(supplement):
            self._take("supplemental TEXT", *supplement)

    def data_set(self) -> DataSet:
        """The data set, once all its keywords were taken."""
        if self._whole("$NEXTDATA", default=0):
            raise refuse(self._path, "the file holds several data sets: $NEXTDATA is not 0")
        if self._one("$MODE").strip().upper() != "L":
            raise refuse(self._path, "the events are no list: $MODE is not L")
        kind = self._one("$DATATYPE").strip().upper()
        if kind not in _WIDTHS:
            raise refuse(self._path, "the events are neither integers nor floating-point numbers: $DATATYPE is none of I, F, D")
        if self._one("$BYTEORD").strip() not in _ORDERS:
            raise refuse(self._path, f"$BYTEORD is none of {'; '.join(_ORDERS)}")
        events, parameters = self._whole("$TOT"), self._parameters(kind)
        most = limits.MAX_FLOW_INTEGERS if kind == "I" else limits.MAX_FLOW_VALUES
        if events * len(parameters) > most:
            raise refuse(self._path, f"more than {most} values: $TOT times $PAR", "Export fewer events or parameters a file")
        self._check_data(events, sum(one.bits for one in parameters) // 8)
        self._check_analysis()
        return DataSet(self._version, self._keywords, events, parameters, kind == "I")

    def _parameters(self, kind: str) -> tuple[Parameter, ...]:
        count = self._whole("$PAR")
        if not 1 <= count <= limits.MAX_FLOW_PARAMETERS:
            raise refuse(self._path, f"$PAR is not between 1 and {limits.MAX_FLOW_PARAMETERS}")
        found = []
        for number in range(1, count + 1):
            self._one(f"$P{number}N")
            bits = self._whole(f"$P{number}B")
            if bits not in _WIDTHS[kind]:
                widths = ", ".join(map(str, _WIDTHS[kind]))
                raise refuse(self._path, f"$P{number}B is none of the bits that $DATATYPE {kind} is read with ({widths})")
            top = float(self._whole(f"$P{number}R")) - 1 if kind == "I" else self._number(f"$P{number}R")
            if kind == "I" and not 0 <= top < 2**bits:
                raise refuse(self._path, f"$P{number}R is no range of its bits")
            found.append(Parameter(number, bits, top))
        return tuple(found)

    # Segments

    def _of_header(self, segment: str, place: int) -> tuple[int, int]:
        """First and last byte of a segment as HEADER says, (0, 0) where it leaves both open."""
        fields = [self._content[at : at + 8].decode("latin-1") for at in (place, place + 8)]
        if not any(field.strip() for field in fields):
            return 0, 0
        begin, end = (_WHOLE.fullmatch(field) for field in fields)
        if begin is None or end is None:
            raise refuse(self._path, f"HEADER does not say in numbers where {segment} lies", AGAIN)
        return int(begin[1]), int(end[1])

    def _stated(self, begin: str, end: str) -> tuple[int, int]:
        return self._whole(begin, default=0), self._whole(end, default=0)

    def _inside(self, segment: str, begin: int, end: int, most: int | None = None) -> None:
        if begin < _HEADER_BYTES or end < begin:
            raise refuse(self._path, f"{segment} is said to lie where it cannot: before the end of HEADER, or its end before its beginning")
        if end >= len(self._content):
            raise refuse(self._path, f"the file is truncated, or its offsets are wrong: {segment} is said to end behind the file", AGAIN)
        if most is not None and end - begin + 1 > most:
            raise refuse(self._path, f"{segment} is longer than {most} bytes")

    def _check_data(self, events: int, event_bytes: int) -> None:
        """The data segment holds exactly the events of `$TOT`, and lies where both places that say so agree."""
        begin, end = self._of_header("DATA", 26)
        if self._version != VERSIONS[0]:
            begin_of_text, end_of_text = self._whole("$BEGINDATA"), self._whole("$ENDDATA")
            is_too_far = (begin, end) == (0, 0) and end_of_text > _LARGEST_OF_HEADER
            if (begin, end) != (begin_of_text, end_of_text) and not is_too_far:
                raise refuse(self._path, "HEADER and TEXT ($BEGINDATA, $ENDDATA) disagree about where the events lie")
            begin, end = begin_of_text, end_of_text
        if not events and ((begin, end) == (0, 0) or end == begin - 1):
            return
        self._inside("DATA", begin, end)
        if begin <= self._text_at[1] and end >= self._text_at[0]:
            raise refuse(self._path, "TEXT and DATA overlap")
        held, rest = divmod(end - begin + 1, event_bytes)
        if rest:
            raise refuse(self._path, f"DATA is no whole number of events: {rest} bytes over, of {event_bytes} an event")
        if held != events:
            raise refuse(self._path, f"DATA holds {held} events, and $TOT says another number")

    def _check_analysis(self) -> None:
        """It is not read, but flowio does."""
        begin, end = self._of_header("ANALYSIS", 42)
        begin, end = self._whole("$BEGINANALYSIS", default=begin), self._whole("$ENDANALYSIS", default=end)
        if (begin, end) != (0, 0):
            self._inside("ANALYSIS", begin, end, limits.MAX_FLOW_TEXT_BYTES)

    # Keywords

    def _take(self, segment: str, begin: int, end: int) -> None:
        self._inside(segment, begin, end, limits.MAX_FLOW_TEXT_BYTES)
        raw = self._content[begin : end + 1]
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        text = text.rstrip(" \0\r\n")
        delimiter = text[:1]
        if not delimiter.isascii() or delimiter.isalnum() or delimiter in ("", "$", "\0"):
            raise refuse(self._path, f"{segment} does not begin with a delimiter")
        if len(text) < 2 or not text.endswith(delimiter):
            raise refuse(self._path, f"{segment} does not end with its delimiter: it breaks off", AGAIN)
        if "\0" in text:
            raise refuse(self._path, f"{segment} contains a NUL character")
        tokens = text[1:-1].replace(delimiter * 2, "\0").split(delimiter)
        if len(tokens) % 2:
            raise refuse(self._path, f"{segment} ends in a keyword without a value: a delimiter is missing or too many")
        for name, value in zip(tokens[::2], tokens[1::2], strict=True):
            *empty, last = name.split("\0")
            for keyword, of in [*((one, "") for one in empty), (last, value.replace("\0", delimiter))]:
                if not keyword.strip():
                    raise refuse(self._path, f"{segment} has a value without a keyword: a delimiter is missing or too many")
                values = self._keywords.setdefault(keyword.strip().upper(), [])
                if of not in values:
                    values.append(of)

    def _one(self, keyword: str) -> str:
        values = self._keywords.get(keyword, [])
        if len(values) != 1:
            raise refuse(self._path, f"{keyword} stands twice with different values" if values else f"{keyword} is missing")
        return values[0]

    def _whole(self, keyword: str, *, default: int | None = None) -> int:
        if default is not None and keyword not in self._keywords:
            return default
        match = _WHOLE.fullmatch(self._one(keyword))
        if match is None:
            raise refuse(self._path, f"{keyword} is no whole number")
        return int(match[1])

    def _number(self, keyword: str) -> float:
        text = self._one(keyword)
        if _NUMBER.fullmatch(text) is None:
            raise refuse(self._path, f"{keyword} is no number")
        return float(text)
