{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__device__device') }},
    device_id,
    patient,
    {{ mapped('landed.status', 'device_status') }} as status,
    type_snomed as code,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'device__device') }} as landed
