"""Cox's model with a baseline and a slope per site, straight from a table of cases, with nothing of ours.

`.venv-oracle/bin/python tests/oracles/hazards.py FILE` reads a CSV (`site`, `product`, `exposure`, `days`, `event`) and prints, as
JSON, what lifelines estimates from it: per kind of end the sites' slopes with their covariance, and the slope without sites and products.
"""

from __future__ import annotations

import json
import sys
import warnings


def main() -> None:
    import pandas as pd
    from lifelines import CoxPHFitter

    warnings.simplefilter("ignore")
    cases = pd.read_csv(sys.argv[1])
    sites = sorted(cases["site"].unique())
    said = {}
    for kind in (1, 2):
        frame = pd.get_dummies(cases["product"], drop_first=True, dtype=float)
        products = list(frame.columns)
        for site in sites:
            frame[f"exposure at {site}"] = cases["exposure"] * (cases["site"] == site)
        frame = frame.assign(seen=cases["event"] == kind, **{name: cases[name] for name in ("exposure", "days", "site")})
        slopes = [f"exposure at {site}" for site in sites]
        whole = CoxPHFitter().fit(frame[[*slopes, *products, "days", "seen", "site"]], "days", "seen", strata=["site"])
        crude = CoxPHFitter().fit(frame[["exposure", "days", "seen"]], "days", "seen")
        said[kind] = {
            "slopes": [float(whole.params_[one]) for one in slopes],
            "covariance": whole.variance_matrix_.loc[slopes, slopes].to_numpy().tolist(),
            "crude": float(crude.params_["exposure"]),
        }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
