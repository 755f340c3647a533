{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_ihealth__activity__activity') }},
    account,
    device,
    record,
    measured_at_utc,
    measured_local,
    measured_date,
    measured_precision,
    measured_zone_source,
    utc_offset,
    steps,
    distance,
    distance_unit,
    energy_kcal,
    origin,
    changed_at_utc,
    changed_local,
    changed_date,
    changed_precision,
    changed_zone_source
from {{ source('wearable_ihealth', 'activity__activity') }}
