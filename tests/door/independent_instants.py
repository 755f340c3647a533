"""Instants computed by other means than the pipeline's, and without it: a script that reads and writes JSON and imports no `cgt_etl`.

Standard input is a list of [zone, text], text being `YYYY-MM-DDTHH:MM:SS`, or the same with `+HH:MM`. Standard output is, for each, the
list of all UTC instants at which it was that time: none where the clock jumped over it, two where it showed it twice. Nothing is converted
from local time: of a text without an offset, each minute of the days around it is asked what the clock in the zone showed then. With an
offset, the Julian day number and the offset's minutes alone count.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo


def main() -> None:
    asked = json.load(sys.stdin)
    json.dump([instants(zone, text) for zone, text in asked], sys.stdout)


def instants(zone: str, text: str) -> list[str]:
    if len(text) > len("2025-01-01T00:00:00"):
        return [at_offset(text)]
    minute, seconds = text[:16], text[17:19]
    return [f"{utc}:{seconds}" for utc in shown(zone, text[:10]).get(minute, [])]


@cache
def shown(zone: str, day: str) -> dict[str, list[str]]:
    """Minute on the zone's clock -> the UTC minutes at which it was shown, of every minute that can lie on that local day."""
    clock, found = ZoneInfo(zone), defaultdict(list)
    midnight = datetime.fromisoformat(f"{day}T00:00+00:00")
    for number in range(-26 * 60, 50 * 60):
        utc = midnight + timedelta(minutes=number)
        found[utc.astimezone(clock).strftime("%Y-%m-%dT%H:%M")].append(utc.strftime("%Y-%m-%dT%H:%M"))
    return dict(found)


def at_offset(text: str) -> str:
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    shift = (14 - month) // 12
    y, m = year + 4800 - shift, month + 12 * shift - 3
    julian = day + (153 * m + 2) // 5 + 365 * y + y // 4 - y // 100 + y // 400 - 32045
    east = (-1 if text[19] == "-" else 1) * (int(text[20:22]) * 60 + int(text[23:25]))
    minutes = (julian - 2440588) * 1440 + int(text[11:13]) * 60 + int(text[14:16]) - east
    return datetime.fromtimestamp(minutes * 60 + int(text[17:19]), UTC).strftime("%Y-%m-%dT%H:%M:%S")


if __name__ == "__main__":
    main()
