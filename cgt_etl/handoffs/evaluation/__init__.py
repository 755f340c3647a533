"""How well the statistics of handoffs do, over worlds whose truth is known: figures with their targets and baselines.

A world is drawn by a function given as an argument (seed -> world), so that nothing here knows the simulator. Each part counts per seed and
pools the counts. Holds no statistics but the simpler ways that the figures are compared with.
"""

from collections.abc import Callable

from cgt_etl.handoffs.evaluation.actions import actions
from cgt_etl.handoffs.evaluation.bottlenecks import bottlenecks
from cgt_etl.handoffs.evaluation.charts import charts
from cgt_etl.handoffs.evaluation.dwell import dwell
from cgt_etl.handoffs.evaluation.effects import effects
from cgt_etl.handoffs.evaluation.faults import faults
from cgt_etl.handoffs.evaluation.figures import Figure
from cgt_etl.handoffs.evaluation.infusions import infusions
from cgt_etl.handoffs.evaluation.losses import losses

PARTS: dict[str, Callable[..., list[Figure]]] = {
    "bottlenecks": bottlenecks,
    "losses": losses,
    "charts": charts,
    "actions": actions,
    "effects": effects,
    "infusions": infusions,
    "dwell": dwell,
    "faults": faults,
}
"""What `cgt-etl handoffs evaluate --part` may name; each takes the function of its world, the seeds, and how to go through them. `faults`
also takes the compiled models."""
