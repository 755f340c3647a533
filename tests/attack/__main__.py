"""`python -m tests.attack SEEDS [full]`: every attack over so many seeds, and each defence deleted for each of them.

Exits 1 where an attack finds something, or a defence is not missed. `full` plays audited ledgers of five years, not of one turn of a year,
and a night through Dagster whose Data Docs, dbt artefacts and storage are searched.
"""

from __future__ import annotations

import os
import sys

from tests.attack import access, defences, table
from tests.attack.families import membership
from tests.attack.history import Figure


def main() -> int:
    seeds, is_full = range(int(sys.argv[1])), "full" in sys.argv[2:]
    cuts = table.CUTS_FULL if is_full else table.CUTS
    found = table.play(seeds, cuts) | table.once((*table.ONCE, table.WHOLE_NIGHT) if is_full else table.ONCE)
    told = table.members(seeds)
    found["membership inference"] = table.counted(membership.attack(told))
    print(f"{len(seeds)} seeds, audited ledgers of {cuts} cuts; {' / '.join(Figure)}")
    for name, many in found.items():
        print(f"  {name:42} {' '.join(f'{many[figure]:5}' for figure in Figure)}")
    print("area under the curve of whoever infers membership, and its upper 95 % bound")
    for name, curve in told.items():
        print(f"  {name:42} {curve.area:.4f} {curve.upper:.4f}")
    print(f"{_processor():.0f} s of processor")
    tried = [(one, seed) for one in defences.ALL for seed in seeds] + [(one, 0) for one in access.ALL]
    silent = [f"{one.defence} (seed {seed})" for one, seed in tried if not one.is_missed(seed)]
    print(f"defences deleted: {len(tried)}; no attack succeeds without: {', '.join(silent) or 'none'}")
    print(f"{_processor():.0f} s of processor in all")
    return int(bool(silent) or any(sum(many.values()) for many in found.values()))


def _processor() -> float:
    """Seconds, of this process and of those that answered in sandboxes."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    sys.exit(main())
