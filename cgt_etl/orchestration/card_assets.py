"""What partners are told each night, as an asset behind the release: the feedback cards, with checks that block nothing.

Writes nothing itself: `reports.nightly` does, for the command line too. Metadata are counts, seconds and where the cards lie.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from cgt_etl.orchestration.keys import CARDS, HANDOFFS, RELEASE, one_sentence
from cgt_etl.orchestration.steps import Night

COMPLETE = "every_partner_has_its_card"
DISCREET = "no_card_names_another"


def cards_asset() -> dg.AssetsDefinition:
    """A card for each partner of the release. None is written where the gate held the night, or nothing was new: those before it stand."""

    @dg.multi_asset(
        name="tell_partners",
        specs=[
            dg.AssetSpec(
                CARDS,
                deps=[RELEASE],
                group_name=HANDOFFS,
                skippable=True,
                kinds={"python"},
                description="Each partner's feedback card of the release, in $CGT_HOME/cards: page, PDF, CSV and JSON. For handing out.",
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(COMPLETE, asset=CARDS, description="Whoever gave or received something has a card of it. Blocks nothing."),
            dg.AssetCheckSpec(
                DISCREET,
                asset=CARDS,
                description="No card was withheld for a name, id or location number of another organisation, or a key of the release.",
            ),
        ],
    )
    def tell_partners(
        context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        begun = time.monotonic()
        with one_sentence():
            told = night.tell_partners()
        for sentence in night.report.cards:
            context.log.warning("feedback cards: %s", sentence)
        if told is None:  # nothing new stands there, and the checks say so
            yield from (_check(name, None, night.report.cards) for name in (COMPLETE, DISCREET))
            return
        yield dg.MaterializeResult(
            asset_key=CARDS,
            metadata={
                "night": night.name,
                "folder": dg.MetadataValue.path(str(night.settings.cards)),
                "cards": len(told.cards),
                "statements": told.statements,
                "partners without a card": len(told.without),
                "seconds": round(time.monotonic() - begun, 1),
            },
        )
        yield _check(COMPLETE, told.without, night.report.cards)
        yield _check(DISCREET, told.indiscreet, night.report.cards)

    return tell_partners


def _check(name: str, partners: Sequence[str] | None, said: list[str]) -> dg.AssetCheckResult:
    """`partners`: those that fail it; None where no card could be looked at."""
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=CARDS,
        passed=partners is not None and not partners,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(said) or "All is well.",
        metadata={} if partners is None else {"partners": len(partners)},
    )
