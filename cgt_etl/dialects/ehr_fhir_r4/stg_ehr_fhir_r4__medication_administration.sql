{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__medication_administration__medication_administration') }},
    medication_administration_id,
    patient,
    coi,
    lot,
    {{ mapped('landed.status', 'medication_administration_status') }} as status,
    rxnorm as code,
    display as code_display,
    medication_reference,
    {{ mapped('landed.product', 'product') }} as product_name_code,
    {{ landed_time('expiry') }},
    {{ first_time('effective', 'effective_start', 'started') }},
    {{ landed_time('effective_end') }},
    dose,
    dose__comparator,
    dose__raw,
    dose__status,
    coalesce(dose_unit_code, dose_unit) as dose_unit_raw,
    route as route_code,
    encounter as encounter_reference,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'medication_administration__medication_administration') }} as landed
