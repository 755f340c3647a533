"""Plates: text in which the values of a plate's wells stand in blocks, each a titled grid of row letters and column numbers.

A record is a well: its cells are what the blocks say of it, joined by row letter and column number, and what the lines around the blocks
say of the plate. Its position is the physical line of its row in the first block that the contract reads, its item the column from 0.
A grid that is not the stated one (a row missing or twice, a value too few or too many) leaves no well sure, so the file is refused; a
cell that holds no number (`TNTC`) is the door's to judge. Held in memory whole. Knows no type and no vendor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cgt_etl.contracts.formats import PlateFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract.limits import MAX_PLATE_LINES
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading, Rows
from cgt_etl.extract.text import look

ROW: Final = "$row"
"""Physical name of the column with a well's row letter."""
COLUMN: Final = "$column"
"""Physical name of the column with a well's column number."""
OTHER_BLOCK: Final = "(a block of another title)"
OTHER_LINE: Final = "(a line outside the blocks)"
_NEW_VERSION = "Mend the export, or give the contract a new version"
_AGAIN = "Send the whole export again"


def reading(file: PlateFormat, path: Path, spec: ObjectSpec, ignored: frozenset[str]) -> Reading:
    """The wells of a plate; see `cgt_etl.extract.open_reader`. `ignored` are regular expressions of lines that are not read."""
    return Reading(lambda result: _Plate(file, path, spec, ignored).batches(result))


@dataclass
class _Block:
    """One grid: row letter -> physical line and the values of its wells."""

    title: str | None
    """None where the contract does not know it."""
    start: int
    """Field of its first well, in a line divided by tabs."""
    rows: dict[str, tuple[int, list[str]]] = field(default_factory=dict)


class _Plate:
    """One pass over one plate."""

    def __init__(self, file: PlateFormat, path: Path, spec: ObjectSpec, ignored: frozenset[str]) -> None:
        self._path, self._spec = path, spec
        self._encoding, self._is_tabbed = file.encoding, file.divider == "tab"
        self._letters = [chr(ord("A") + number) for number in range(file.rows)]
        self._numbers = [str(number) for number in range(1, file.columns + 1)]
        self._lines = [re.compile(pattern) for pattern in file.lines]
        self._ignored = [re.compile(pattern) for pattern in sorted(ignored)]
        groups = {name for pattern in self._lines for name in pattern.groupindex}
        self._in_lines = [column for column in spec.columns if column.name in groups]
        self._of_blocks = [c for c in spec.columns if c.name not in groups and c.physical_name not in (ROW, COLUMN)]
        self._titles = {column.physical_name for column in self._of_blocks}
        self._said: dict[str, str | None] = {}
        self._pending: list[str | None] = []
        self._open: list[_Block] = []
        self._blocks: list[_Block] = []
        self._others: set[str] = set()

    def batches(self, result: Reading) -> Iterator[Batch]:
        look(self._path, self._encoding)
        position = 0
        with self._path.open(encoding=self._encoding) as stream:
            for position, line in enumerate(stream, start=1):
                if position > MAX_PLATE_LINES:
                    raise self._refuse(f"more than {MAX_PLATE_LINES} lines are no plate", "Send one plate per file", position)
                self._take(position, line.rstrip("\n"))
        self._close(position)
        found = {block.title: block for block in self._blocks}
        self._check_all_there(found)
        rows = Rows(self._spec, is_record=True)
        first = min(found[title].rows[self._letters[0]][0] for title in found if title)
        for letter in self._letters:
            at = min(block.rows[letter][0] for block in found.values() if block.title)
            for place, number in enumerate(self._numbers):
                of_well: dict[str, str | None] = {ROW: letter, COLUMN: number}
                of_well |= {title: block.rows[letter][1][place] for title, block in found.items() if title}
                cells = [self._said.get(c.name) if c in self._in_lines else of_well.get(c.physical_name) for c in self._spec.columns]
                rows.add(at, cells, item=place)
        result.units = len(self._letters) * len(self._numbers)
        result.unmapped = dict.fromkeys(sorted(self._others), result.units)
        result.unmapped_first = dict.fromkeys(sorted(self._others), first)
        if batch := rows.batch():
            yield batch

    def _take(self, position: int, line: str) -> None:
        """One line: a grid's column numbers, a row of it, its title, what a pattern of the contract says, or none of these."""
        text = line.strip().strip('"').strip()
        if not text.strip("_ \t"):
            return
        tokens = line.split()
        if tokens[:2] == self._numbers[:2] and all(token.isdecimal() for token in tokens):
            self._begin(position, line, tokens)
        elif self._open and self._is_row(line, tokens):
            self._add(position, line, tokens)
        elif self._titles & (titles := {part.strip() for part in line.split("\t")}):
            if titles & ({block.title for block in (*self._blocks, *self._open)} | set(self._pending)):
                raise self._refuse("a block comes a second time: the file is two exports in one", "Send one plate per file", position)
            self._pending = [part.strip() if part.strip() in self._titles else None for part in line.split("\t") if part.strip()]
        elif not self._is_said(position, text) and not any(pattern.fullmatch(text) for pattern in self._ignored):
            self._others.add(OTHER_LINE)

    def _begin(self, position: int, line: str, tokens: list[str]) -> None:
        """Column numbers: the grids that stand side by side below them."""
        self._close(position)
        count = len(tokens) // len(self._numbers)
        if tokens != self._numbers * count:
            raise self._refuse(f"the columns of a block are not 1 to {len(self._numbers)}", _NEW_VERSION, position)
        fields = [part.strip() for part in line.split("\t")]
        starts = [place for place, part in enumerate(fields) if part == self._numbers[0]] if self._is_tabbed else [0] * count
        titles = self._pending or [None] * count
        if len(titles) != len(starts) or (self._is_tabbed and any(fields[s : s + len(self._numbers)] != self._numbers for s in starts)):
            raise self._refuse("the titles of blocks and their columns do not stand together", _NEW_VERSION, position)
        self._open = [_Block(title, start) for title, start in zip(titles, starts, strict=True)]
        self._pending = []
        if None in titles:
            self._others.add(OTHER_BLOCK)

    def _is_row(self, line: str, tokens: list[str]) -> bool:
        """Whether it begins with a letter where a grid's letters stand; below a whole grid a text may begin so too."""
        if self._is_tabbed:
            fields = line.split("\t")
            place = self._open[0].start - 1
            letter = fields[place].strip() if 0 <= place < len(fields) else ""
        else:
            letter = tokens[0]
        is_whole = len(self._open[0].rows) == len(self._letters)
        return bool(re.fullmatch("[A-Z]", letter)) and (not is_whole or len(tokens) > len(self._numbers))

    def _add(self, position: int, line: str, tokens: list[str]) -> None:
        width = len(self._numbers)
        fields = line.split("\t") if self._is_tabbed else tokens
        used: set[int] = set()
        for number, block in enumerate(self._open):
            start = block.start if self._is_tabbed else number * (width + 1) + 1
            values = fields[start : start + width]
            letter = fields[start - 1].strip() if start <= len(fields) else ""
            if letter not in self._letters or letter in block.rows:
                what = "a row of a block comes twice" if letter in block.rows else "a row of a block is none of the plate"
                raise self._refuse(what, _AGAIN, position)
            if len(values) < width:
                raise self._refuse(f"a row of a block has {len(values)} wells instead of {width}", _AGAIN, position)
            block.rows[letter] = (position, values)
            used.update(range(start - 1, start + width))
        if any(part.strip() for place, part in enumerate(fields) if place not in used):
            raise self._refuse(f"a row of a block has more than {width} wells", _AGAIN, position)

    def _close(self, position: int) -> None:
        """The grids above are whole, or the plate is torn."""
        for block in self._open:
            if missing := [letter for letter in self._letters if letter not in block.rows]:
                raise self._refuse(f"a block ends without its rows {', '.join(missing)}", _AGAIN, position)
        self._blocks += self._open
        self._open = []

    def _is_said(self, position: int, text: str) -> bool:
        for pattern in self._lines:
            if match := pattern.fullmatch(text):
                if again := match.groupdict().keys() & self._said.keys():
                    raise self._refuse(f"{', '.join(sorted(again))} is said twice", "Send one plate per file", position)
                self._said |= match.groupdict()
                return True
        return False

    def _check_all_there(self, found: dict[str | None, _Block]) -> None:
        missing = [f"block `{c.physical_name}`" for c in self._of_blocks if c.required and c.physical_name not in found]
        missing += [f"line of {column.name}" for column in self._in_lines if column.required and column.name not in self._said]
        if not found.keys() - {None}:
            missing = missing or ["block of the contract"]
        if missing:
            raise self._refuse(f"missing {', '.join(missing)}", _NEW_VERSION, 1, OTHER_COLUMNS)

    def _refuse(self, what: str, remedy: str, position: int, rule: str = UNREADABLE) -> RefusedFile:
        return RefusedFile(what, remedy=remedy, file=self._path.name, position=position, rule=rule)
