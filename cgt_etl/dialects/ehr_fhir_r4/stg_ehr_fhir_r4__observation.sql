{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__observation__observation') }},
    observation_id,
    patient,
    {{ mapped('landed.status', 'observation_status') }} as status,
    category as category_code,
    loinc,
    local_code,
    {{ mapped('landed.local_code', 'laboratory_test') }} as local_measurement,
    display as code_display,
    value,
    coalesce(value__comparator, {{ mapped('landed.comparator', 'comparator') }}) as comparator,
    value__raw,
    value__status,
    -- the coded unit is UCUM; the printed one only where there is no code
    coalesce(unit_code, unit) as unit_raw,
    {{ mapped('landed.absent_reason', 'data_absent_reason') }} as absent_reason_code,
    -- answers of a flowsheet mean something by their question alone
    coalesce({{ mapped("landed.local_code || ':' || landed.value_code", 'toxicity_finding') }}, value_code) as value_code,
    value_code_system,
    reference_low,
    reference_high,
    method,
    {{ first_time('effective', 'effective_start', 'effective') }},
    {{ landed_time('issued') }},
    specimen,
    encounter as encounter_reference,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'observation__observation') }} as landed
