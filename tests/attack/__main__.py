"""`python -m tests.attack SEEDS [full]`: every attack over so many seeds, and each defence deleted for each of them.

Exits 1 where an attack finds something, or a defence is not missed. `full` plays audited ledgers of five years, not of one turn of a year.
"""

from __future__ import annotations

import sys
import time

from tests.attack import defences, table
from tests.attack.history import Figure


def main() -> int:
    seeds, is_full = range(int(sys.argv[1])), "full" in sys.argv[2:]
    began = time.process_time()
    found = table.play(seeds, table.CUTS_FULL if is_full else table.CUTS)
    found["metadata of shares, refusals and pages"] = table.once()
    print(f"{len(seeds)} seeds, audited ledgers of {table.CUTS_FULL if is_full else table.CUTS} cuts; {' / '.join(Figure)}")
    for name, many in found.items():
        print(f"  {name:42} {' '.join(f'{many[figure]:5}' for figure in Figure)}")
    for one in table.FAMILIES:
        if not one.attack:
            print(f"  {one.name:42} not played here: {one.world}")
    print(f"{time.process_time() - began:.0f} s of processor")
    silent = [f"{one.defence} (seed {seed})" for one in defences.ALL for seed in seeds if not defences.is_missed(one, seed)]
    print(
        f"defences deleted, each for each seed: {len(defences.ALL) * len(seeds)}; no attack succeeds without: {', '.join(silent) or 'none'}"
    )
    print(f"{time.process_time() - began:.0f} s of processor in all")
    return int(bool(silent) or any(sum(many.values()) for many in found.values()))


if __name__ == "__main__":
    sys.exit(main())
