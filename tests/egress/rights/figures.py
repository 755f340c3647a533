"""What deciding costs: `python -m tests.egress.rights.figures [DECISIONS]`.

Prints the seconds, of the clock and of the processor, that decisions drawn over the repository's partners, agreements and released columns
take, requests of every kind mixed, and how many of them allow.
"""

from __future__ import annotations

import os
import random
import sys
import time
from datetime import date
from pathlib import Path

from cgt_etl.egress.rights.columns import FORMS
from cgt_etl.egress.rights.decisions import Request, Rights, Use
from cgt_etl.egress.rights.home import rights_of
from cgt_etl.settings import Settings

PURPOSES = ("DUO:0000042", "DUO:0000006", "DUO:0000007 MONDO:0018905", "DUO:0000043")
ACCEPTED = ("DUO:0000018", "DUO:0000019", "DUO:0000020", "DUO:0000021")


def drawn(rights: Rights, count: int, seed: int = 0) -> list[Request]:
    """So many requests, each part of them drawn by itself."""
    rng = random.Random(seed)
    partners, named = (
        list(rights.network.roles),
        [(table, column) for table, columns in rights.network.columns.items() for column in columns],
    )
    return [
        Request(
            *(rng.choice(partners), rng.choice(partners), *rng.choice(named), rng.choice(FORMS)),
            use=Use(rng.choice(PURPOSES), frozenset(rng.sample(ACCEPTED, rng.randint(0, 4)))),
            as_of=date(2026, rng.randint(1, 12), 1),
            consent=rng.choice(sorted(rights.network.consents)),
            populations=rng.choice([None, frozenset({"auto_cart"})]),
        )
        for _ in range(count)
    ]


def main(count: int) -> None:
    rights = rights_of(Settings(home=Path("nowhere")))
    asked = drawn(rights, count)
    clock, processor = time.perf_counter(), time.process_time()
    decided = rights.decide(asked)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    allowed = sum(one.is_allowed for one in decided)
    print(f"{count} decisions, {allowed} of them allow: {clock:.2f} s, {processor:.2f} s of processor; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
