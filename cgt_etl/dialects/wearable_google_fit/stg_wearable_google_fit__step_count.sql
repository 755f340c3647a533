{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_google_fit__step_count__step_count') }},
    account,
    device,
    started_at_utc,
    started_local,
    started_date,
    started_precision,
    started_zone_source,
    ended_at_utc,
    ended_local,
    ended_date,
    ended_precision,
    ended_zone_source,
    source,
    steps,
    kind,
    changed_at_utc,
    changed_local,
    changed_date,
    changed_precision,
    changed_zone_source
from {{ source('wearable_google_fit', 'step_count__step_count') }}
