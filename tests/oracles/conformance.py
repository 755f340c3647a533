"""What pm4py finds of traces against declarative constraints, with nothing of ours.

`.venv-oracle/bin/python tests/oracles/conformance.py < JSON`: a list of questions, each with `traces` (case -> activities in order) and
`constraints` (template -> pairs of activities, in the words of DECLARE). Prints JSON: of each question, case -> the constraints that it
breaks, as `[template, one, other]`.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def broken(traces: dict[str, list[str]], constraints: dict[str, list[list[str]]]) -> dict[str, list[list[str]]]:
    import pandas as pd
    import pm4py

    begin = pd.Timestamp("2026-01-01", tz="UTC")
    rows = [
        {"case:concept:name": case, "concept:name": step, "time:timestamp": begin + pd.Timedelta(hours=place)}
        for case, steps in traces.items()
        for place, step in enumerate(steps)
    ]
    log = pm4py.format_dataframe(pd.DataFrame(rows))
    sure = {"support": 1.0, "confidence": 1.0}
    model = {template: dict.fromkeys(map(tuple, pairs), sure) for template, pairs in constraints.items()}
    cases = list(dict.fromkeys(log["case:concept:name"]))
    found = zip(cases, pm4py.conformance_declare(log, model), strict=True)
    return {case: sorted([template, *pair] for template, pair in one["deviations"]) for case, one in found}


def main() -> None:
    asked: list[dict[str, Any]] = json.load(sys.stdin)
    print(json.dumps([broken(one["traces"], one["constraints"]) for one in asked]))


if __name__ == "__main__":
    main()
