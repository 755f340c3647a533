"""Engraftment and survival straight from the publisher's file of transplants, read with nothing of ours.

`.venv-oracle/bin/python tests/oracles/survival.py FILE` prints, as JSON, what lifelines estimates from it: of each outcome the share that
is free of it after each day, and the median day.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

NEVER = 1_000_000

Times = list[tuple[int, bool]]
"""Per person: days at risk, and whether the event ended them."""


def as_published(file: Path) -> dict[str, Times]:
    """The file's own figures. What never came is censored when the person died or was last seen."""
    lines = file.read_text(encoding="utf-8").splitlines()
    names = [line.split()[1] for line in lines if line.startswith("@attribute")]
    rows = [dict(zip(names, line.split(","), strict=True)) for line in lines[lines.index("@data") + 1 :] if line.strip()]
    assert len(rows) == 187
    found: dict[str, Times] = {"neutrophil_engraftment": [], "platelet_engraftment": [], "acute_gvhd_3_to_4": [], "survival": []}
    for row in rows:
        survived = round(float(row["survival_time"]))
        found["survival"].append((survived, row["survival_status"] == "1"))
        for outcome, name in [("neutrophil_engraftment", "ANC_recovery"), ("platelet_engraftment", "PLT_recovery")]:
            day = float(row[name])
            found[outcome].append((survived, False) if day == NEVER else (round(day), True))
        # twice the file says `no` and day 100: looked at until then
        day = float(row["time_to_acute_GvHD_III_IV"])
        found["acute_gvhd_3_to_4"].append((survived if day == NEVER else round(day), row["acute_GvHD_III_IV"] == "yes"))
    return found


def main() -> None:
    from lifelines import KaplanMeierFitter

    said = {}
    for outcome, times in as_published(Path(sys.argv[1])).items():
        days, events = zip(*times, strict=True)
        fitted = KaplanMeierFitter().fit(days, events)
        free = {int(day): float(share) for day, share in fitted.survival_function_["KM_estimate"].items()}
        median = fitted.median_survival_time_
        said[outcome] = {"free": free, "median": None if math.isinf(median) else int(median)}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
