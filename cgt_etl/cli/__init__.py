"""The command line: reads arguments, calls one function of the pipeline, prints. Holds no logic of its own.

Commands import what they need when they run, so that a night with nothing new is decided without the heavy libraries.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from pathlib import Path

import click

from cgt_etl.cli import (
    actions,
    collective,
    declarations,
    dialects,
    genealogy,
    handoffs,
    homes,
    identity,
    nights,
    partners,
    quarantine,
    receipts,
    releases,
    rights,
    sandbox,
)
from cgt_etl.errors import CgtError

LOOK_FOR_CYCLES = 50_000
"""Objects made between two looks for unreachable cycles. A night makes millions that stay (dbt's manifest, the gate's models) and hardly
any cycle; with Python's own 700 it spent a fourteenth of its processor time looking."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="cgt_etl")
def cgt_etl() -> None:
    """Exports of many organisations in, one longitudinal vein-to-vein dataset out."""


for module in (
    nights,
    releases,
    genealogy,
    handoffs,
    actions,
    collective,
    rights,
    sandbox,
    quarantine,
    identity,
    receipts,
    dialects,
    partners,
    declarations,
    homes,
):
    for command in module.COMMANDS:
        cgt_etl.add_command(command)


def main() -> None:
    """Run a command. A known error is one sentence; an unknown one shows where, never a message that may hold a value."""
    gc.set_threshold(LOOK_FOR_CYCLES)
    try:
        cgt_etl(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except CgtError as error:
        click.echo(f"cgt-etl: {error}", err=True)
        sys.exit(2)
    except Exception as error:
        if os.environ.get("CGT_TRACEBACK"):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        click.echo(
            f"cgt-etl: unexpected {type(error).__name__} at {Path(place.filename).name}:{place.lineno}. "
            "Its text may hold data and is not shown; CGT_TRACEBACK=1 shows it to a person who may see it.",
            err=True,
        )
        sys.exit(1)
