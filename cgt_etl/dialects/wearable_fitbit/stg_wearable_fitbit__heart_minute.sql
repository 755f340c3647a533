{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_fitbit__heart_minute__heart_minute') }},
    account,
    device,
    day_date,
    day_local,
    day_precision,
    heart_rate,
    minute_at_utc,
    minute_local,
    minute_date,
    minute_precision,
    minute_zone_source
from {{ source('wearable_fitbit', 'heart_minute__heart_minute') }}
