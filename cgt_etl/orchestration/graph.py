"""The asset graph of one home: every asset, check, job, schedule and sensor from the folder walk and the manifest."""

import dagster as dg

from cgt_etl.contracts.registry import Registry
from cgt_etl.orchestration.card_assets import cards_asset
from cgt_etl.orchestration.job import NIGHT, night_job, nightly
from cgt_etl.orchestration.landing_assets import landing_assets, partner_specs, plan_asset
from cgt_etl.orchestration.model_assets import dbt_assets, identity_asset, mart_keys, relation_asset
from cgt_etl.orchestration.promise_checks import promise_checks
from cgt_etl.orchestration.release_assets import gate_asset, release_asset
from cgt_etl.orchestration.resource import NightResource
from cgt_etl.orchestration.sandbox_assets import sandboxes_asset
from cgt_etl.orchestration.sensors import inbox_sensor, watchdog
from cgt_etl.orchestration.warehouse import manifest
from cgt_etl.settings import Settings


def build(settings: Settings, registry: Registry) -> dg.Definitions:
    """The definitions of one home. Parses the dbt project where it has changed since the last time.

    Raises:
        DeclarationError: the dbt project does not parse.
    """
    parsed = manifest(settings, registry)
    return dg.Definitions(
        assets=[
            *partner_specs(registry),
            *landing_assets(registry),
            plan_asset(registry),
            identity_asset(parsed),
            relation_asset(parsed, registry),
            dbt_assets(parsed),
            gate_asset(mart_keys(parsed)),
            release_asset(),
            cards_asset(),
            sandboxes_asset(),
        ],
        asset_checks=promise_checks(registry),
        jobs=[night_job],
        schedules=[nightly],
        sensors=[inbox_sensor, watchdog],
        resources={NIGHT: NightResource()},
    )
