{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__medication_request__medication_request') }},
    medication_request_id,
    patient,
    {{ mapped('landed.status', 'medication_request_status') }} as status,
    {{ mapped('landed.intent', 'request_intent') }} as intent_code,
    rxnorm as code,
    display as code_display,
    medication_reference,
    {{ landed_time('authored') }},
    encounter as encounter_reference,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'medication_request__medication_request') }} as landed
