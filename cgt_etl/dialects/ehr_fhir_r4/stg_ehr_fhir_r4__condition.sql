{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__condition__condition') }},
    condition_id,
    patient,
    {{ mapped('landed.clinical_status', 'condition_clinical_status') }} as clinical_status,
    {{ mapped('landed.verification_status', 'condition_verification_status') }} as verification_status,
    category as category_code,
    coalesce(icd10, snomed) as code,
    case when icd10 is not null then 'icd10cm' when snomed is not null then 'snomed' end as code_system,
    display as code_display,
    {{ mapped('landed.icd10', 'indication') }} as indication_code,
    {{ landed_time('onset') }},
    {{ landed_time('abatement') }},
    {{ landed_time('recorded') }},
    encounter as encounter_reference,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'condition__condition') }} as landed
