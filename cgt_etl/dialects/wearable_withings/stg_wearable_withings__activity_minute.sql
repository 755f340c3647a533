{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_withings__activity_minute__activity_minute') }},
    account,
    device,
    started_at_utc,
    started_local,
    started_date,
    started_precision,
    started_zone_source,
    seconds,
    steps,
    distance_m,
    climb_m,
    energy_kcal
from {{ source('wearable_withings', 'activity_minute__activity_minute') }}
