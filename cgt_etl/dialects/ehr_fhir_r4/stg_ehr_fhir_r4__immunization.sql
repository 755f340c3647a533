{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__immunization__immunization') }},
    immunization_id,
    patient,
    {{ mapped('landed.status', 'immunization_status') }} as status,
    cvx as code,
    {{ landed_time('occurrence') }},
    encounter as encounter_reference,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'immunization__immunization') }} as landed
