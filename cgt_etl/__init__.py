"""cgt_etl: exports of many organisations in, one longitudinal vein-to-vein dataset out.

`cgt_etl.open_release()` opens what came out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cgt_etl.release.opened import OpenRelease

__version__ = "0.1.0"


def open_release(where: Path | str | None = None, release: str | None = None) -> OpenRelease:
    """A release's tables as polars, pandas, Arrow or DuckDB; see `cgt_etl.release.opened.open_release`."""
    from cgt_etl.release import opened

    return opened.open_release(where, release)
