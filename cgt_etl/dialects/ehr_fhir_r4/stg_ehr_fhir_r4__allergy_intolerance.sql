{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__allergy_intolerance__allergy_intolerance') }},
    allergy_intolerance_id,
    patient,
    {{ mapped('landed.clinical_status', 'allergy_clinical_status') }} as clinical_status,
    {{ mapped('landed.verification_status', 'allergy_verification_status') }} as verification_status,
    coalesce(rxnorm, snomed) as code,
    case when rxnorm is not null then 'rxnorm' when snomed is not null then 'snomed' end as code_system,
    {{ landed_time('recorded') }},
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'allergy_intolerance__allergy_intolerance') }} as landed
