"""Every sample of every dialect, landed with one of its identifiers suppressed, can be written without the records that have it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cgt_etl.door.erased import erased
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import Reading
from cgt_etl.extract.without import contents
from cgt_etl.extract.without.naming import naming
from cgt_etl.landing import suppression
from cgt_etl.landing.land import land
from cgt_etl.landing.raw import RawFile
from cgt_etl.landing.reland import reland_all
from cgt_etl.landing.vault import Vault
from cgt_etl.operations.rewriting import Left, Rewriting
from cgt_etl.settings import Settings
from tests.dialects.test_samples import PARTNERS, REGISTRY, samples

MASTER = bytes(range(32))
KEYS = Keys(MASTER)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CASES = [pytest.param(path, sample, id=f"{path.parts[-3]}-{path.name}") for path, sample in samples() if "refused" not in sample]
LEFT = {"logger_LT88213_202511052130.csv": "that the door erases"}
"""Its head names the logger, and a row that nobody could take apart stays."""


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize(("path", "sample"), CASES)
def test_it_is_written_without_one_identifier(
    path: Path, sample: dict[str, Any], place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`place`: the one that the fewest or the most records have, be it a person's, a lot's or a box's."""
    monkeypatch.setenv("CGT_MASTER_KEY", base64.b64encode(MASTER).decode())
    binding = REGISTRY.binding(sample["as"], sample["feed"])
    home = Settings(home=tmp_path / "home", partner_paths=PARTNERS)
    (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "envelope.json").write_text('{"sequence": "1"}')
    delivery = land(home, REGISTRY, binding, tmp_path / path.name, NOW).delivery
    assert delivery is not None
    links = pl.read_parquet(delivery.folder / "links.parquet")
    named = links.group_by("linkage_token").agg(pl.col("source_row").n_unique().alias("rows")).sort("rows", "linkage_token")
    if not named.height:
        return  # 24 samples: no accepted record leads to anybody or anything
    someone = named["linkage_token"][place]
    vault = Vault(home.vault, KEYS.vault)
    vault.seal(suppression.NAME, [someone.encode()])
    [done] = reland_all(home, REGISTRY, delivery=delivery.id, received_at=NOW)
    assert done.after is not None
    file = RawFile(vault, KEYS, delivery.id)
    with file.reading(binding.feed, path.name) as opened:
        found = erased(binding, opened.reading, REGISTRY, KEYS, frozenset({someone}), sequence=delivery.sequence)
    with file.reading(binding.feed, path.name) as opened:
        stay = _texts_of(opened.reading, found.kept)
    work = Rewriting(home, REGISTRY, 1)
    if path.name in LEFT:
        with pytest.raises(Left, match=LEFT[path.name]):
            work.plan(done.after)
        return
    planned = work.plan(done.after)
    work.carry_out(planned)
    assert not done.after.manifest.raw_holds_erased
    with file.reading(binding.feed, path.name) as opened:
        assert erased(binding, opened.reading, REGISTRY, KEYS, frozenset(), sequence=delivery.sequence).kept == found.kept
    with vault.readable(file.name) as raw:
        left = raw.read_bytes() if planned.said.is_whole else b"\n".join(contents(binding.feed, raw, path.name))
    text = left.decode("utf-8", "replace") + left.decode("utf-16-le", "replace")
    assert [number for number in found.texts if naming([number])(text) and not naming([number])(stay)] == []


def _texts_of(reading: Reading, kept: set[int]) -> str:
    """What the records say that stay."""
    texts = [
        text or ""
        for batch in reading
        for row, position in enumerate(batch.positions)
        if position in kept
        for text in [*(column[row] for column in batch.columns.values()), *(said for (of, _), said in batch.ambiguous.items() if of == row)]
    ]
    return "\n".join([*texts, *(one.text for one in reading.set_aside if one.position in kept)])
