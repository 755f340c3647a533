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


def layout(inbox: Path) -> dict[str, list[tuple[Path, Path]]]:
    """Source name -> (delivered file, its place in an inbox)."""
    night = inbox / "0001"
    bulk = [
        (file, night / "synthea_bulk_export" / re.sub(r"(?<!^)(?=[A-Z])", "_", file.name.split(".")[0]).lower() / file.name)
        for file in sorted((REAL / "fhir_bulk_synthea10").glob("*.ndjson"))
        if file.name != "log.ndjson"  # the export's own log is no feed
    ]
    bone_marrow = REAL / "transplant_uci_bmt_children" / "bone-marrow.arff"
    return {
        "synthea_bulk_export": bulk,
        "uci_bone_marrow": [(bone_marrow, night / "uci_bone_marrow" / "transplant" / bone_marrow.name)],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    folder = parser.parse_args().dir.resolve()
    if not REAL.is_dir():
        print("Skipped: ../shared/real is not here; the exports stay where their licences are and are never copied into the project.")
        return 0
    worst = 0
    for source in layout(Path()):
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
