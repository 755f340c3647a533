"""From what partners can export to what they deliver: which night, what goes wrong on the way, and what the truth keeps of it.

Each record draws from a stream of its own (seed, feed, key), so that one more journey changes nobody else's records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from cgt_etl.simulator.calendar import Calendar, named
from cgt_etl.simulator.delivery import File, Inbox
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.facts import Bulk, Csv, DefectClass, Fact, Layout, Nightly, Own, Record, is_dated
from cgt_etl.simulator.measured import measurements
from cgt_etl.simulator.oracle import Oracle
from cgt_etl.simulator.truth import Truth

Level = Literal["none", "typical", "harsh"]


class Export(Protocol):
    """What a module of `exports/` offers besides `facts`; and `full_facts`, where high volume means more of the same."""

    DIALECT: str
    """The dialect that it writes. Its facts may be of every party of a role: those that do not speak it are not heard."""
    FEEDS: Mapping[str, Layout]
    DEFECTS: Mapping[str, tuple[DefectClass, ...]]
    TWICE: Mapping[str, Callable[[Record, Draws], Record]]


@dataclass(frozen=True)
class Rates:
    """Shares of records, and of files, that do not come as they should. No figure is published; all are chosen."""

    late: float
    """A night later than they could."""
    repeated: float
    """Again, unchanged, in the next night."""
    twice: float
    """Again in the same file, changed: the later row stands."""
    withdrawn: float
    """Gone from the last file of a snapshot."""
    file_late: float
    """Delivered with the next night's files."""
    file_again: float
    """The same bytes once more."""
    file_unreadable: float
    """Exported twice more by somebody, in forms that nobody can read."""
    mended: float
    """Of the records that could not be used: sent again, right."""


RATES: Mapping[Level, Rates] = {
    "none": Rates(0, 0, 0, 0, 0, 0, 0, 0),
    "typical": Rates(0.03, 0.03, 0.03, 0.04, 0.1, 0.1, 0.1, 0.8),
    "harsh": Rates(0.1, 0.08, 0.08, 0.1, 0.25, 0.2, 0.9, 0.6),
}


class Engine:
    """Writes facts into nights. One pass over journeys; `finish` seals the files."""

    def __init__(self, out: Path, calendar: Calendar, seed: int, level: Level, zones: Mapping[str, ZoneInfo]) -> None:
        """`zones`: of the partners, by name."""
        self.inbox = Inbox(out / "inbox", calendar)
        self.truth = Truth(out / "truth")
        self.oracle = Oracle()
        self._calendar, self._seed, self._level, self._rates = calendar, seed, level, RATES[level]
        self._zones = zones

    def deliver(self, export: Export, fact: Fact | Bulk) -> None:
        """Bring one fact into the nights that carry it; nothing where it is known only after the last."""
        night = self._calendar.night_of(fact.known)
        if night is None:
            return
        if isinstance(fact, Bulk):
            self._bulk(night, fact)
            return
        draws = Draws.seeded(self._seed, "delivery", fact.partner, fact.feed, *fact.key, fact.change)
        if not fact.persists:
            night += fact.change + (draws.chance(self._rates.late) and fact.is_final and not fact.file)
        if fact.until and self._calendar.night_of(fact.until) == night:
            return
        if night > self._calendar.nights:
            # A correction is nobody's loss, and a late record comes after the run.
            return
        if fact.persists:
            self._snapshot(export, fact, night, draws)
        else:
            self._once(export, fact, night, draws)

    def finish(self) -> None:
        """Copies of files that cannot be read, files delivered again, then hashes, the oracle's partition and the defects of files."""
        self.inbox.close()
        if self._level != "none":
            self._spoil_files()
        for row in self.inbox.sealed():
            self.truth.say("files", row)
        for row in self.oracle.judged():
            self.truth.say("swaps", row)
        for row in self.oracle.partition():
            self.truth.say("oracle", row)
        self.truth.close()

    def _once(self, export: Export, fact: Fact, night: int, draws: Draws) -> None:
        found = self._defect((*export.DEFECTS.get(fact.feed, ()), *fact.defects), fact, draws)
        if found is None:
            self._write(export, fact, night, None)
            again = export.TWICE.get(fact.feed) if hasattr(export, "TWICE") else None
            if again and draws.chance(self._rates.twice):
                self._write(export, replace(fact, record=again(fact.record, draws)), night, TWICE)
            elif self._may_come_again(fact, night) and draws.chance(self._rates.repeated):
                self._write(export, fact, night + 1, None, is_duplicate=True)
            return
        spoiled, defect = found
        self._write(export, replace(fact, record=spoiled), night, defect)
        if defect.effect == "row" and self._may_come_again(fact, night) and draws.chance(self._rates.mended):
            self._write(export, fact, night + 1, None)

    def _may_come_again(self, fact: Fact, night: int) -> bool:
        return fact.is_final and not fact.change and not fact.file and night < self._calendar.nights

    def _snapshot(self, export: Export, fact: Fact, night: int, draws: Draws) -> None:
        nights = self._calendar.nights
        is_withdrawn = Draws.seeded(self._seed, "withdrawn", fact.partner, fact.feed, *fact.key).chance(self._rates.withdrawn)
        last = nights - (is_withdrawn and night < nights)
        replaced = self._calendar.night_of(fact.until) if fact.until else None
        if replaced:
            last = min(last, replaced - 1)
        found = self._defect((*export.DEFECTS.get(fact.feed, ()), *fact.defects), fact, draws)
        for at in range(night, last + 1):
            stands = at == nights or replaced is not None
            if found is None:
                self._write(export, fact, at, None, stands=stands)
            else:
                self._write(export, replace(fact, record=found[0]), at, found[1], stands=stands)

    def _defect(self, classes: tuple[DefectClass, ...], fact: Fact, draws: Draws) -> tuple[Record, DefectClass] | None:
        """At most one defect of a record, by the stated shares; a class that this record cannot have leaves it as it is."""
        if self._level == "none":
            return None
        drawn = draws.random.random()
        for one in classes:
            share = one.typical if self._level == "typical" else one.harsh
            if drawn < share:
                spoiled = one.apply(fact.record, draws)
                return None if spoiled is None else (spoiled, one)
            drawn -= share
        return None

    def _write(
        self, export: Export, fact: Fact, night: int, defect: DefectClass | None, *, is_duplicate: bool = False, stands: bool = True
    ) -> None:
        layout = export.FEEDS[fact.feed]
        if isinstance(layout, Own):
            if fact.file is None:
                raise ValueError(f"a record of {fact.feed} names its file")
            file, path = self.inbox.own(night, fact.partner, fact.feed, fact.file, layout)
            layout.write(fact.record, path)
            file.units = layout.units(fact.record)
            position = layout.position(fact.record, defect.column if defect else None)
        else:
            file = self._file(night, fact, layout)
            position = self.inbox.append(file, fact.record)
        lands = defect is None or defect.effect != "row"
        loses = defect.loses if defect else frozenset()
        named = (*fact.persons, *fact.apart)
        surviving = tuple(one for one in named if lands and one.column not in loses)
        if not fact.is_retraction:
            joined = tuple(one for one in surviving if one not in fact.apart)
            traits = tuple(one for one in fact.traits if lands and one.column not in loses)
            donation = fact.collected if lands and "din" not in loses else None
            if fact.swap and lands:
                self.oracle.mixed(fact.swap, joined, traits, (file.id, position or 0), donation=donation)
            else:
                self.oracle.record(joined, traits, stands=stands, donation=donation)
            for one in surviving:
                self.oracle.record((one,))
        self.truth.say(
            "records",
            {
                "file": file.id,
                "position": position,
                "journey": fact.journey,
                "key": fact.key,
                "change": fact.change,
                "is_retraction": fact.is_retraction,
                "is_duplicate": is_duplicate,
                "persists": fact.persists,
                "lands": lands,
                "persons": [
                    {
                        "column": one.column,
                        "kind": one.kind,
                        "issuer": one.issuer,
                        "value": one.value,
                        "role": one.role,
                        "person": one.person,
                        "survives": one in surviving,
                        "joins": one not in fact.apart,
                    }
                    for one in named
                ],
                "objects": fact.objects,
                "edges": [
                    {"edge": one.edge_type, "parent": one.parent, "child": one.child, "is_required": one.is_required}
                    for one in fact.edges
                    if defect is None or one.edge_type not in defect.loses_edges
                ],
                "events": [
                    {
                        "event_type": one.event_type,
                        "object": one.object,
                        "person": one.person,
                        "local": one.local,
                        "utc": one.utc,
                        "replaces": one.replaces,
                    }
                    for one in ((defect.restates or fact.events) + defect.adds if defect else fact.events)
                ],
                "consent": asdict(fact.consent) if fact.consent else None,
                "graded": fact.graded,
                "measurements": [
                    {
                        "measurement": one.measurement,
                        "object": one.object,
                        "person": one.person,
                        "local": one.at[0],
                        "utc": one.at[1],
                        "value": one.value,
                        "unit": one.unit,
                        "text": one.text,
                        "comparator": one.comparator,
                    }
                    for one in (measurements(export.DIALECT, fact, self._zones) if lands and not fact.is_retraction else ())
                ],
            },
        )
        if defect is not None:
            self._note(file, position, defect)

    def _note(self, file: File, position: int | None, defect: DefectClass) -> None:
        self.truth.say(
            "defects",
            {
                "file": file.id,
                "night": file.night,
                "partner": file.partner,
                "feed": file.feed,
                "name": file.name,
                "position": position,
                "column": defect.column if defect.effect != "row" else None,
                "defect": defect.name,
                "rule": defect.rule,
                "effect": defect.effect,
                "at_door": defect.at_door,
                "needs": defect.needs,
                "beside": defect.beside,
            },
        )

    def _file(self, night: int, fact: Fact, layout: Nightly) -> File:
        """The night's file, or, where the whole file comes late, the same file in the next night's folder."""
        draws = Draws.seeded(self._seed, "file", fact.partner, fact.feed, night)
        is_late = is_dated(layout) and draws.chance(self._rates.file_late) and night < self._calendar.nights
        return self.inbox.file(night + is_late, fact.partner, fact.feed, layout, day=fact.dated or self._calendar.day_of(night))

    def _bulk(self, night: int, fact: Bulk) -> None:
        file, path = self.inbox.own(night, fact.partner, fact.feed, fact.file, None)
        file.units = fact.write(path)
        self.oracle.record(fact.persons)

    def _spoil_files(self) -> None:
        """Copies beside good files: the same bytes again, or an export in a form that nobody can read. At least one of the latter."""
        good = [file for _, file in sorted(self.inbox.files.items()) if isinstance(file.layout, Csv) and is_dated(file.layout)]
        chosen = [file for file in good if self._draws_of(file).chance(self._rates.file_unreadable)] or good[:1]
        for file in chosen:
            for is_cut in (False, True):
                self._unreadable(file, is_cut=is_cut)
        for file in good:
            if self._draws_of(file, "again").chance(self._rates.file_again) and file.night < self._calendar.nights:
                self._again(file)

    def _draws_of(self, file: File, *what: str) -> Draws:
        return Draws.seeded(self._seed, "unreadable", *what, file.id)

    def _unreadable(self, file: File, *, is_cut: bool) -> None:
        """Under the name of an earlier day (of a weekly file, week): divided by another sign, or broken off in its last row."""
        layout = file.layout
        if not isinstance(layout, Csv):
            raise TypeError("only delimited files are spoiled as a whole")
        text = (self.inbox.folder / file.id).read_text(encoding=layout.encoding)
        other = ";" if layout.delimiter == "," else ","
        if is_cut:
            body = text.rstrip("\n")
            spoiled = body[: body.rindex(layout.delimiter)]
        else:
            spoiled = text.replace(layout.delimiter, other)
        days = (file.day - timedelta(days=days) for days in count(1))
        name = next(name for name in (named(layout.name, day) for day in days) if replace(file, name=name).id not in self.inbox.files)
        copy, path = self.inbox.own(file.night, file.partner, file.feed, name, layout)
        path.write_text(spoiled, encoding=layout.encoding, newline="")
        copy.refused = "F01"
        defect = CUT if is_cut else OTHER_DELIMITER
        self._note(copy, None, defect)

    def _again(self, file: File) -> None:
        copy, path = self.inbox.own(file.night + 1, file.partner, file.feed, file.name, file.layout)
        path.write_bytes((self.inbox.folder / file.id).read_bytes())
        copy.units = file.units


def _unchanged(record: Record, _draws: Draws) -> Record:
    return record


TWICE = DefectClass("same_record_twice", "D08", "flag", None, 0, 0, _unchanged)
OTHER_DELIMITER = DefectClass("wrong_delimiter", "F01", "refuse", None, 0, 0, _unchanged)
CUT = DefectClass("broken_off", "F01", "refuse", None, 0, 0, _unchanged)
