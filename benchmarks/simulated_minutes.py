"""How fast the high-volume feed is written: rows a second of one core, beside polars writing the same bytes from memory.

Run: `python -m benchmarks.simulated_minutes`. Prints a ratio measured in one run; asserts nothing.
"""

from __future__ import annotations

import os

os.environ["POLARS_MAX_THREADS"] = "1"  # read when polars is imported

import tempfile
import time
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from cgt_etl.simulator.exports.wearable import DAYS, Worn, write

FILES = 20


def main() -> None:
    """Write `FILES` files of 60,480 rows, then the same frames again with nothing but polars."""
    worn = Worn("U-000001", "LX0001", date(2025, 9, 1), ZoneInfo("America/New_York"), 7, (4000.0,) * DAYS, (True,) * DAYS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "minutes.csv"
        start = time.perf_counter()
        rows = sum(write(worn, path) for _ in range(FILES))
        ours = time.perf_counter() - start
        frame = pl.read_csv(path)
        start = time.perf_counter()
        for _ in range(FILES):
            frame.write_csv(path)
        plain = time.perf_counter() - start
    print(f"{rows} rows: {rows / ours:,.0f} rows/s; polars alone {rows / plain:,.0f} rows/s; {ours / plain:.1f} times its time")


if __name__ == "__main__":
    main()
