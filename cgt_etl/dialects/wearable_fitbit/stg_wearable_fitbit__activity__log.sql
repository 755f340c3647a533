{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_fitbit__activity__log') }},
    log,
    kind,
    day_date,
    day_local,
    day_precision,
    timed as is_timed,
    duration_ms,
    steps,
    distance,
    energy_kcal,
    started_at_utc,
    started_local,
    started_date,
    started_precision,
    started_zone_source
from {{ source('wearable_fitbit', 'activity__log') }}
