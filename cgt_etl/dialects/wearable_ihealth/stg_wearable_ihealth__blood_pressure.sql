{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_ihealth__blood_pressure__blood_pressure') }},
    account,
    device,
    record,
    measured_at_utc,
    measured_local,
    measured_date,
    measured_precision,
    measured_zone_source,
    utc_offset,
    systolic,
    diastolic,
    pressure_unit,
    heart_rate,
    arrhythmia,
    origin,
    changed_at_utc,
    changed_local,
    changed_date,
    changed_precision,
    changed_zone_source
from {{ source('wearable_ihealth', 'blood_pressure__blood_pressure') }}
