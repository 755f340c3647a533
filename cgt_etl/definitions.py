"""What Dagster loads: the asset graph of the home that the environment names. Holds nothing else."""

import dagster as dg

from cgt_etl.contracts.registry import Registry
from cgt_etl.orchestration.graph import build
from cgt_etl.settings import Settings


@dg.definitions
def defs() -> dg.Definitions:
    """The home that CGT_HOME names."""
    settings = Settings.from_environment()
    return build(settings, Registry.load(settings))
