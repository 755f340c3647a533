{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_fitbit__sleep__stage') }},
    started_at_utc,
    started_local,
    started_date,
    started_precision,
    started_zone_source,
    level,
    seconds
from {{ source('wearable_fitbit', 'sleep__stage') }}
