{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_ihealth__sleep__sleep') }},
    account,
    device,
    record,
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
    utc_offset,
    to_sleep_min,
    awakenings,
    efficiency_percent,
    origin,
    changed_at_utc,
    changed_local,
    changed_date,
    changed_precision,
    changed_zone_source,
    {{ landed_measurements(measurement_columns('wearable_ihealth', 'sleep')) }}
from {{ source('wearable_ihealth', 'sleep__sleep') }}
