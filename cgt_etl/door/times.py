"""Times as they were said: precision, zone and the two hours a year that no clock can place.

`zoneinfo` resolves, never SQL, and nothing is guessed: a local time that happened twice gets no instant, one that never happened is
no time, a date alone never becomes midnight. Pure functions; knows no column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

OK, AMBIGUOUS, PARTIAL, SET_ASIDE = "ok", "ambiguous", "partial", "set_aside"
_DIRECTIVE = re.compile(r"%(.)")
_ISO = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII | re.IGNORECASE
)
_OFFSET = re.compile(r"[+-][0-9]{2}:?[0-9]{2}")
_EPOCHS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_ns": 10**9, "epoch_local_s": 1}
"""Formats of a count since 1970-01-01, to parts of a second; of `epoch_local_s` on the clock where it was seen, else in UTC."""
_COUNT = re.compile(r"[0-9]{1,20}", re.ASCII)


@dataclass(frozen=True)
class Said:
    """What a text says: a date or a time of day, how precisely, and its offset where it has one."""

    at: datetime
    """Without a zone. Parts finer than `precision` mean nothing."""
    precision: str
    """year, month, day, minute or second."""
    offset: timezone | None = None

    @property
    def local(self) -> str:
        """ISO 8601 text of what was said, and no more than that."""
        match self.precision:
            case "year":
                return f"{self.at.year:04d}"
            case "month":
                return f"{self.at.year:04d}-{self.at.month:02d}"
            case "day":
                return self.at.date().isoformat()
            case "minute":
                return self.at.isoformat(timespec="minutes")
            case _:
                return self.at.isoformat()

    @property
    def day(self) -> date | None:
        """The local date, where it is known."""
        return None if self.precision in ("year", "month") else self.at.date()

    @property
    def has_clock(self) -> bool:
        return self.precision in ("minute", "second")


@dataclass(frozen=True)
class Placed:
    """A time put on the one line that everybody shares, as far as it can be."""

    status: str
    at_utc: datetime | None = None
    """UTC, without a zone."""
    said: Said | None = None
    zone_source: str = "none"
    """offset, site, stated (beside it) or none."""


def parse(text: str, formats: Sequence[str] = ()) -> Said | None:
    """Read `text` by the first of the strptime `formats` that fits; by ISO 8601 (FHIR's partial dates included) where none is stated.

    Counts since 1970 are formats too: `epoch_s`, `epoch_ms`, `epoch_ns`, and `epoch_local_s`.
    """
    if not text.isascii():
        return None
    if not formats:
        return _iso(text)
    for form in formats:
        if form in _EPOCHS:
            if counted := _since_1970(text, form):
                return counted
            continue
        if not _has_width(text, form):
            continue
        try:
            at = datetime.strptime(text, form)  # noqa: DTZ007  a local time; its zone is the site's
        except ValueError:
            continue
        offset = timezone(at.utcoffset() or timedelta()) if at.tzinfo else None
        return Said(at.replace(tzinfo=None), precision_of(form), offset)
    return None


def _since_1970(text: str, form: str) -> Said | None:
    if not _COUNT.fullmatch(text):
        return None
    seconds, parts = divmod(int(text), _EPOCHS[form])
    try:
        at = datetime(1970, 1, 1) + timedelta(seconds=seconds, microseconds=parts * 10**6 // _EPOCHS[form])  # noqa: DTZ001  as stated
    except OverflowError:
        return None
    return Said(at, "second", None if form == "epoch_local_s" else UTC)


def parse_near(text: str, formats: Sequence[str], month: date) -> Said | None:
    """Read a text without a year by the first of `formats` that fits, in the year that brings it nearest to the middle of `month`."""
    middle = datetime(month.year, month.month, 15)  # noqa: DTZ001  a local time
    said = [parse(f"{text} {year:04d}", [f"{form} %Y" for form in formats]) for year in range(month.year - 1, month.year + 2)]
    return min((one for one in said if one is not None), key=lambda one: abs(one.at - middle), default=None)


_RUN = re.compile(r"(?:%[A-Za-z]){2,}")
_WIDTHS = {"Y": 4} | dict.fromkeys("mdHMSIy", 2)


@cache
def _widths(form: str) -> re.Pattern[str] | None:
    """What a format without signs between its parts demands of a text; None of a format with signs between all of them.

    strptime takes one digit where two are meant, and so reads `20251101` as 2025-01-01 00:01 by `%Y%m%d%H%M`.
    """
    if not _RUN.search(form):
        return None
    parts = re.split(r"(%.)", form)
    widths = (
        rf"\d{{{_WIDTHS[part[1]]}}}" if part[:1] == "%" and part[1] in _WIDTHS else ".+" if part[:1] == "%" else re.escape(part)
        for part in parts
    )
    return re.compile("".join(widths), re.ASCII)


def _has_width(text: str, form: str) -> bool:
    widths = _widths(form)
    return widths is None or widths.fullmatch(text) is not None


def precision_of(form: str) -> str:
    """How precise a strptime format is: its finest directive."""
    directives = set(_DIRECTIVE.findall(form))
    if directives & set("SfTXc"):
        return "second"
    if directives & set("HIMR"):
        return "minute"
    if directives & set("djDx"):
        return "day"
    return "month" if directives & set("mbB") else "year"


def _iso(text: str) -> Said | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    precision = "second" if second else "minute" if hour else "day" if day else "month" if month else "year"
    try:
        at = datetime(  # noqa: DTZ001  a local time; its offset is kept beside it
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "")[:6].ljust(6, "0")),
        )
        return Said(at, precision, _offset(offset) if offset else None)
    except ValueError:
        return None


def _offset(text: str) -> timezone:
    if text.upper() == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        raise ValueError("no offset")
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def place(said: Said, zone: ZoneInfo, zone_source: str = "site") -> Placed:
    """The instant of what was said: by its own offset, else in `zone`; none where it has no clock time.

    status: ok; partial (no clock time); ambiguous (the clock showed it twice); set_aside (the clock never showed it, or it lies outside
    all years).
    """
    if not said.has_clock:
        return Placed(PARTIAL, said=said)
    try:
        if said.offset is not None:
            return Placed(OK, _utc(said.at.replace(tzinfo=said.offset)), said, "offset")
        first, second = said.at.replace(tzinfo=zone, fold=0), said.at.replace(tzinfo=zone, fold=1)
        if first.utcoffset() == second.utcoffset():
            return Placed(OK, _utc(first), said, zone_source)
        if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != said.at:
            return Placed(SET_ASIDE, said=said)
    except OverflowError:
        return Placed(SET_ASIDE, said=said)
    return Placed(AMBIGUOUS, said=said, zone_source=zone_source)


def seen_at(at_utc: datetime, offset: timezone, precision: str) -> Said | None:
    """What a clock at `offset` showed at an instant; None where that lies outside all years."""
    try:
        return Said(at_utc.replace(tzinfo=UTC).astimezone(offset).replace(tzinfo=None), precision)
    except (ValueError, OverflowError):
        return None


def offset_of(text: str) -> timezone | None:
    """The offset that a text (`-05:00`, `-0500`) says; None where it says none."""
    try:
        return _offset(text) if _OFFSET.fullmatch(text) else None
    except ValueError:
        return None


def at_site(placed: Placed, zone: ZoneInfo) -> Placed:
    """An instant that was said without any clock, on the site's."""
    if placed.at_utc is None or placed.said is None:
        return placed
    at = placed.at_utc.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    return Placed(placed.status, placed.at_utc, Said(at, placed.said.precision), "site")


def combine(day: date, clock: time, zone: ZoneInfo, not_before: Said | None, precision: str) -> Placed:
    """The instant of a date cell and a time cell. Earlier than `not_before` on the clock means the next day.

    Where both times lie in the hour that the clock shows twice, they may be in order on the same day: the date is left, the instant is
    ambiguous.
    """
    said = Said(datetime.combine(day, clock), precision)
    if not_before is not None and said.at < not_before.at:
        is_same_hour_twice = all(place(Said(one.at, one.precision), zone).status == AMBIGUOUS for one in (said, not_before))
        if not is_same_hour_twice:
            if said.at.date() == date.max:
                return Placed(SET_ASIDE, said=said)
            said = Said(said.at + timedelta(days=1), precision)
    return place(said, zone)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
