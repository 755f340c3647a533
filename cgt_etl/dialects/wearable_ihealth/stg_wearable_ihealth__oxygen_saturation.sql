{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_ihealth__oxygen_saturation__oxygen_saturation') }},
    account,
    device,
    record,
    measured_at_utc,
    measured_local,
    measured_date,
    measured_precision,
    measured_zone_source,
    utc_offset,
    saturation_percent,
    heart_rate,
    origin,
    changed_at_utc,
    changed_local,
    changed_date,
    changed_precision,
    changed_zone_source
from {{ source('wearable_ihealth', 'oxygen_saturation__oxygen_saturation') }}
