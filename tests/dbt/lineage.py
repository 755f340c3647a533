"""`python -m tests.dbt.lineage` compiles the project and writes `cgt_etl/release/lineage_*.csv` (half a minute)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cgt_etl.contracts.dbt_sources import source_feeds
from cgt_etl.release import lineage, marts
from scripts.lineage import columns, facts, followed
from tests.dbt.conftest import Built, dbt


def texts(built: Built) -> dict[Path, str]:
    """File -> what it must say."""
    found = followed(built.manifest, built.given)
    return {lineage.COLUMNS: columns(found, marts.load()), lineage.FACTS: facts(found, source_feeds(built.registry))}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        for file, text in texts(dbt(Path(home), "compile")).items():
            file.write_text(text, encoding="utf-8", newline="")
