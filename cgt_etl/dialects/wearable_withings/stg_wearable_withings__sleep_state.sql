{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_withings__sleep_state__sleep_state') }},
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
    state,
    model
from {{ source('wearable_withings', 'sleep_state__sleep_state') }}
