{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__encounter__encounter') }},
    encounter_id,
    patient,
    {{ mapped('landed.status', 'encounter_status') }} as status,
    class as class_code,
    type_snomed as code,
    reason_snomed as reason_code,
    {{ landed_time('started') }},
    {{ landed_time('ended') }},
    discharge as discharge_code,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'encounter__encounter') }} as landed
