"""What is beside the figures: names, order, sizes and modes of files, marks, Parquet statistics and row groups, and texts of errors. What
other tools leave is `tools`'s.

The attacker plays a distinguishing game: two worlds that publish the same figures and differ in what is withheld. Whatever of all that is
handed out differs between them tells of it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from cgt_etl.egress.collective.audit import audit
from cgt_etl.egress.collective.plan import Cell
from cgt_etl.egress.collective.publish import RefusedCut
from tests.attack.history import Figure, Found
from tests.egress.collective.worlds import drawn_cut, plan

MARKS = ("previous", "behind", "members")


def told(says: str) -> Found:
    return Found(Figure.TOLD, says)


def ledgers(one: Path, other: Path) -> Iterator[Found]:
    """Folders of what is released of two worlds with the same figures and other withheld counts."""
    listed = [[(path.name, path.stat().st_size, path.stat().st_mode) for path in _files(folder)] for folder in (one, other)]
    if listed[0] != listed[1]:
        yield told("names, sizes or modes of files differ")
    for first, second in zip(_files(one), _files(other), strict=True):
        said = [path.read_text(encoding="utf-8") for path in (first, second)]
        read = [json.loads(text) for text in said]
        masked = [re.sub("|".join(one[mark] for mark in MARKS), "mark", text) for one, text in zip(read, said, strict=True)]
        if masked[0] != masked[1]:
            yield told(f"{first.name} differs besides its marks")


def marks(released: Path, hub: Path) -> Iterator[Found]:
    """Whoever guesses the counts behind a cut, few enough to try them all, must not see from its mark that a guess is right."""
    for path in _files(released):
        said = json.loads(path.read_bytes())
        for mark, name in (("behind", f"{path.stem}.json"), ("members", f"{path.stem}.members.json")):
            if (guess := hub / name).exists() and said[mark] in _hashes(guess.read_bytes(), said):
                yield told(f"the mark {mark} of {path.name} confirms a guess")


def _hashes(guess: bytes, said: dict[str, object]) -> set[str]:
    public = [b"", b"cgt_etl", str(said["previous"]).encode(), b"0" * 64]
    made = {hashlib.new(name, guess).hexdigest() for name in ("sha256", "sha1", "md5", "blake2b")}
    return made | {hmac.new(key, guess, hashlib.sha256).hexdigest() for key in public}


def refusals() -> Iterator[Found]:
    """Errors of a cut that is refused: the same whatever the count is."""
    cell = Cell("ab", ("a1", "b1"))
    texts = {
        str(RefusedCut("; ".join(map(str, audit([drawn_cut(plan("ab"), {cell: (count, 11)}, contributors=2)]))), remedy="none"))
        for count in (5, 6, 9)
    }
    if len(texts) != 1:
        yield told("the text of a refusal differs with the count")


def shares(one: Path, other: Path) -> Iterator[Found]:
    """Folders of two shared views whose releases differ in values that are dropped or suppressed."""
    listed = [[path.relative_to(folder).as_posix() for path in _files(folder)] for folder in (one, other)]
    if listed[0] != listed[1]:
        yield told("files of the shares differ")
    for name in listed[0]:
        if (one / name).read_bytes() != (other / name).read_bytes():
            yield told(f"{name} differs")


def statistics(share: Path) -> Iterator[Found]:
    """Least and most in the footer of each table are those of its cells; there are no words in it but the schema's."""
    for path in share.rglob("*.parquet"):
        footer, rows = pq.ParquetFile(path).metadata, pq.read_table(path)
        if set(footer.metadata or {}) - {b"ARROW:schema"}:
            yield told(f"{path.parent.name} has words of its own in its footer")
        start = 0
        for group in (footer.row_group(number) for number in range(footer.num_row_groups)):
            part = rows.slice(start, group.num_rows)
            start += group.num_rows
            for column in (group.column(number) for number in range(group.num_columns)):
                said, cells = column.statistics, part[column.path_in_schema].drop_null().to_pylist()
                if said is not None and said.has_min_max and (not cells or (said.min, said.max) != (min(cells), max(cells))):
                    yield told(f"{path.parent.name}.{column.path_in_schema}: the footer has other bounds than the cells")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
