{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_ihealth__weight__weight') }},
    account,
    device,
    record,
    measured_at_utc,
    measured_local,
    measured_date,
    measured_precision,
    measured_zone_source,
    utc_offset,
    weight,
    weight__raw,
    weight__status,
    weight_unit,
    fat_percent,
    water_percent,
    origin,
    changed_at_utc,
    changed_local,
    changed_date,
    changed_precision,
    changed_zone_source
from {{ source('wearable_ihealth', 'weight__weight') }}
