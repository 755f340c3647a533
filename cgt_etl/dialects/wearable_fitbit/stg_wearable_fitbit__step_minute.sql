{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_fitbit__step_minute__step_minute') }},
    account,
    device,
    day_date,
    day_local,
    day_precision,
    steps,
    minute_at_utc,
    minute_local,
    minute_date,
    minute_precision,
    minute_zone_source
from {{ source('wearable_fitbit', 'step_minute__step_minute') }}
