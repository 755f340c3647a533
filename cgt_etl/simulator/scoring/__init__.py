"""How well a release, or a build that the gate held back, tells what the simulator's sealed truth says happened.

Knows released tables by name and truth files by name, and nothing of the pipeline that made the ones from the others.
"""

from __future__ import annotations

from cgt_etl.simulator.scoring.score import NotScorable, Score, score

__all__ = ["NotScorable", "Score", "score"]
