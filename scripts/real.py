"""`make real`: land the third-party exports of ../shared/real whose dialects exist, each a release of its own.

Copies nothing into the repository: an inbox of links is laid out under --dir. Says so and stops where ../shared/real is absent.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
REAL = REPOSITORY.parent / "shared" / "real"


SHIMMER = {
    "fitbit-activities-date": ["activity"],
    "fitbit-activities-heart": ["heart_minute", "heart_day"],
    "fitbit-activities-steps-1d": ["step_minute", "step_day"],
    "fitbit-activities-steps-timeseries": ["step_day"],
    "fitbit-body-log-weight": ["weight"],
    "fitbit-sleep-date": ["sleep"],
    "googlefit-merge-activity-segments": ["activity"],
    "googlefit-merge-heart-rate": ["heart_rate"],
    "googlefit-merge-step-deltas": ["step_count"],
    "googlefit-merge-weight": ["weight"],
    "ihealth-activity": ["activity"],
    "ihealth-bp": ["blood_pressure"],
    "ihealth-sleep": ["sleep"],
    "ihealth-spo2": ["oxygen_saturation"],
    "ihealth-weight": ["weight"],
    "withings-activity-measures": ["activity_day"],
    "withings-intraday-activity": ["activity_minute"],
    "withings-sleep-measures": ["sleep_state"],
    "withings-sleep-summary": ["sleep_night"],
}
"""Vendor and beginning of a file's name -> feeds that read it."""


def layout(inbox: Path) -> dict[str, list[tuple[Path, Path]]]:
    """Source name -> (delivered file, its place in an inbox)."""
    night = inbox / "0001"
    bulk = [
        (file, night / "synthea_bulk_export" / _feed_of(file.name.split(".")[0]) / file.name)
        for file in sorted((REAL / "fhir_bulk_synthea10").glob("*.ndjson"))
        if file.name != "log.ndjson"  # the export's own log is no feed
    ]
    instruments, examples = REAL / "instruments_allotropy", night / "instrument_examples"
    counts = [
        (file, examples / feed / file.name)
        for feed, pattern in [
            ("cell_count", "beckman_vi_cell_blu/*.csv"),
            ("matrix_count", "revvity_matrix/revvity_matrix_1_csv.csv"),
            ("matrix_workbook", "revvity_matrix/revvity_matrix_1_xlsx.xlsx"),
            ("cellaca_count", "revvity_matrix/Cellaca_Example_1.csv"),
            ("cellaca_workbook", "revvity_matrix/Cellaca_Example1.xlsx"),
            ("dpcr", "qiacuity_dpcr/*example0[12].csv"),
            ("dpcr_mean", "qiacuity_dpcr/*example03.csv"),
            ("dpcr_undiluted", "qiacuity_dpcr/*example04.csv"),
            ("spot_text", "ctl_immunospot/*_example[12].txt"),
            ("spot_table", "ctl_immunospot/*_v7_0_38_8*.txt"),
        ]
        for file in sorted(instruments.glob(pattern))
    ]
    bone_marrow = REAL / "transplant_uci_bmt_children" / "bone-marrow.arff"
    points = REAL / "wearables_omh"
    open_mhealth = [
        (file, night / "openmhealth_examples" / schema.replace("-", "_") / f"{version}-{file.name}")
        for file in sorted(points.rglob("*.json"))
        for schema, version in [file.relative_to(points).parts[:2]]
    ]
    shimmer: dict[str, list[tuple[Path, Path]]] = {}
    for beginning, feeds in SHIMMER.items():
        source = "shimmer_" + beginning.split("-")[0].replace("googlefit", "google_fit")
        files = sorted((REAL / "wearables_shimmer").glob(f"{beginning}*.json"))
        shimmer.setdefault(source, []).extend((file, night / source / feed / file.name) for file in files for feed in feeds)
    cibmtr = [
        (file, night / "cibmtr_ig_examples" / _feed_of(kind) / file.name)
        for file in sorted((REAL / "fhir_cibmtr_ig").glob("*.json"))
        for kind in [file.name.split("-")[0]]
        if kind != "ValueSet"  # a list of codes is no feed
    ]
    epcis = [
        (file, night / "openepcis_examples" / "epcis" / file.name) for file in sorted((REAL / "epcis_openepcis" / "valid").glob("*.json"))
    ]
    epcis_xml = [
        (file, night / "openepcis_xml_examples" / "epcis" / file.name) for file in sorted((REAL / "epcis_openepcis" / "xml").glob("*.xml"))
    ]
    messages = REAL / "hl7v2_msfhirconverter"
    hl7 = [
        (file, night / "msfhirconverter_examples" / ("patient" if file.name.startswith("ADT") else "result") / file.name)
        for file in sorted(messages.glob("*.hl7"))
    ]
    apple = [
        (file, night / "apple_health_examples" / feed / file.name)
        for file in sorted((REAL / "wearables_apple").glob("*.xml"))
        for feed in ("activity_summary", "me", "record", "workout")
    ]
    return {
        "apple_health_examples": apple,
        "instrument_examples": counts,
        "flowio_examples": [
            (file, night / "flowio_examples" / "acquisition" / file.name) for file in sorted((REAL / "fcs_flowio").glob("*.fcs"))
        ],
        "synthea_bulk_export": bulk,
        "uci_bone_marrow": [(bone_marrow, night / "uci_bone_marrow" / "transplant" / bone_marrow.name)],
        "cibmtr_ig_examples": cibmtr,
        "msfhirconverter_examples": hl7,
        "openepcis_examples": epcis,
        "openepcis_xml_examples": epcis_xml,
        "openmhealth_examples": open_mhealth,
        **shimmer,
    }


def _feed_of(resource_type: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", resource_type).lower()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--source", action="append", choices=sorted(layout(Path())), help="only this one; may be given several times")
    asked = parser.parse_args()
    folder = asked.dir.resolve()
    if not REAL.is_dir():
        print("Skipped: ../shared/real is not here; the exports stay where their licences are and are never copied into the project.")
        return 0
    worst = 0
    for source in asked.source or layout(Path()):
        print(f"== {source}", flush=True)
        home, inbox = folder / source / "home", folder / source / "inbox"
        shutil.rmtree(inbox, ignore_errors=True)
        for file, place in layout(inbox)[source]:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
        key = folder / source / "demo.key"
        environment = os.environ | {
            "CGT_HOME": str(home),
            "CGT_PARTNERS": f"={REPOSITORY / 'cgt_etl' / 'real_sources'}",
            "CGT_MASTER_KEY_FILE": str(key),
        }
        command = [sys.executable, "-m", "cgt_etl"]
        if not key.exists():
            subprocess.run([*command, "key", "new", str(key)], env=environment, check=True, stdout=subprocess.DEVNULL)
        worst = max(worst, subprocess.run([*command, "run", "--inbox", str(inbox)], env=environment, check=False).returncode)
        if worst == 0:
            subprocess.run([*command, "release", "list"], env=environment, check=True)
    return worst


if __name__ == "__main__":
    sys.exit(main())
