{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_csv__minute__minute') }},
    user_id,
    device,
    minute_at_utc,
    minute_local,
    minute_date,
    minute_precision,
    minute_zone_source,
    steps,
    heart_rate,
    worn as is_worn
from {{ source('wearable_csv', 'minute__minute') }}
