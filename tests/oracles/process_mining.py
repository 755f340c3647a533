"""What pm4py reads in a log that `cgt-etl handoffs export` wrote, and the durations that it computes, with nothing of ours.

`.venv-oracle/bin/python tests/oracles/process_mining.py XES OCEL` prints JSON: of the journeys, and of the OCEL's objects of one type at a
time, for each pair of activities that follow each other how often, and the sum, least and most of the seconds between them.
"""

from __future__ import annotations

import json
import sys
from typing import Any

TYPES = ("shipment", "handoff", "journey")


def follows(frame: Any) -> dict[str, dict[str, float]]:
    import pm4py

    times, _, _ = pm4py.discover_performance_dfg(frame)
    counts, _, _ = pm4py.discover_dfg(frame)
    return {
        f"{one} > {other}": {"n": int(counts[one, other]), **{name: float(figures[name]) for name in ("sum", "min", "max")}}
        for (one, other), figures in times.items()
    }


def main() -> None:
    import pm4py

    xes, ocel = sys.argv[1:]
    log = pm4py.convert_to_dataframe(pm4py.read_xes(xes))
    related = pm4py.read_ocel2_json(ocel)
    said = {
        "cases": sorted(set(log["case:concept:name"])),
        "names": sorted(set(log["case:product_name_code"].dropna())),
        "events": len(log),
        "ocel_events": len(related.events),
        "object_types": sorted(pm4py.ocel_get_object_types(related)),
        "o2o": len(related.o2o),
        "xes": follows(log),
        "ocel": {kind: follows(pm4py.ocel_flattening(related, kind)) for kind in TYPES},
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
