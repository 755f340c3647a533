{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_fitbit__sleep__sleep') }},
    account,
    device,
    log,
    day_date,
    day_local,
    day_precision,
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
    awake_min,
    efficiency_percent,
    staging,
    main as is_main,
    {{ landed_measurements(measurement_columns('wearable_fitbit', 'sleep', 'sleep')) }}
from {{ source('wearable_fitbit', 'sleep__sleep') }}
