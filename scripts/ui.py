"""`make ui`: the Dagster UI and daemon on loopback, on what `make run` did. Ctrl-C ends both."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--port", type=int, default=3000)
    arguments = parser.parse_args()
    folder = arguments.dir.resolve()
    home = folder / "home"
    if not (home / "dagster").is_dir():
        print("There is nothing to look at yet: `make run` first.")
        return 1
    environment = os.environ | {
        "CGT_HOME": str(home),
        "CGT_INBOX": str(folder / "inbox"),
        "CGT_MASTER_KEY_FILE": str(folder / "demo.key"),
        "DAGSTER_HOME": str(home / "dagster"),
    }
    print(f"http://127.0.0.1:{arguments.port} in about 40 s; Ctrl-C ends it.", flush=True)
    dagster = str(Path(sys.executable).parent / "dagster")
    command = [dagster, "dev", "--host", "127.0.0.1", "--port", str(arguments.port), "--workspace", str(REPOSITORY / "workspace.yaml")]
    try:
        return subprocess.run(command, env=environment, cwd=REPOSITORY, check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
