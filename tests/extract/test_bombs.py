"""Bombs of every format: refused, or their record set aside, within seconds and 64 MiB more than a small good file takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.extract.bombs import ASIDE, BOMBS, MIB, READ, name_of, write
from tests.extract.bounded import outcome

MOST_BYTES, MOST_SECONDS = 64 * MIB, 10


def test_there_are_thirty_of_them() -> None:
    assert len(BOMBS) >= 30


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_it_does_not_go_off(bomb: str, tmp_path: Path) -> None:
    kind, expected, made = BOMBS[bomb]
    good = write(tmp_path / "good", kind.name, kind.good)
    found = outcome(kind.file, kind.objects, good, write(tmp_path / "bomb", name_of(bomb), made()))
    if expected in (READ, ASIDE):
        assert found.rule is None, found.what
        assert found.units > 0
        assert (found.rows < found.units or found.cells_aside > 0) == (expected == ASIDE)
    else:
        assert found.rule in ("F01", "F02"), found
        assert expected in found.what
        assert len(found.what) < 2_000
    assert found.bytes_above < MOST_BYTES
    assert found.seconds < MOST_SECONDS
