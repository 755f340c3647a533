"""What the simulated world calls things, in the words of the released tables."""

from __future__ import annotations

from cgt_etl.simulator.world.plan import AUTO, COMBINED, EDITED, NK, TRANSPLANTS

MODALITIES = {**dict.fromkeys(TRANSPLANTS, "hsct"), EDITED: "ghsc", AUTO: "auto_cart", NK: "allo", COMBINED: "auto_cart"}
"""Of a journey -> word of the event vocabulary; a combined journey follows the order for the patient's own cells."""
INDICATIONS = {
    "C83": "lbcl", "C91": "acute_lymphoblastic_leukaemia", "C92": "acute_myeloid_leukaemia", "C90": "multiple_myeloma",
    "D57": "sickle_cell_disease", "D56": "beta_thalassaemia",
}  # fmt: skip
RESPONSES = {"CMR": "complete", "PR": "partial", "SD": "stable", "PD": "progressive"}
DEVICES = {"Optia": "spectra_optia", "OPTIA v11": "spectra_optia", "Amicus": "amicus"}
REACTIONS = {"CIT1": "citrate_g1", "CIT2": "citrate_g2", "VV": "vasovagal"}
COMPONENTS = {"C8": "cd8", "C4": "cd4", "": None}
UNITS = {
    "prior_lines": "{count}", "days_since_bendamustine": "d", "pb_cd4_cd8_ratio": "{ratio}", "pb_alc": "10*9/L", "pb_cd3_abs": "{cells}/uL",
    "pb_cd34_abs": "{cells}/uL", "product_cd14_pct": "%", "product_viability_pre": "%", "hold_time_pre_freeze": "h", "fold_expansion": "1",
    "dp_viability": "%", "transduction_eff": "%", "vcn": "{copies}/{cell}", "endotoxin": "[IU]/mL",
    "potency_ifng": "pg/mL", "dp_cd3_purity": "%", "dp_car_pos_viable_total": "10*6",
    "product_cd34_total": "10*6", "editing_efficiency": "%",
}  # fmt: skip
BENDAMUSTINE_DAYS = 90.0
"""Days since bendamustine in those who had it within half a year."""
