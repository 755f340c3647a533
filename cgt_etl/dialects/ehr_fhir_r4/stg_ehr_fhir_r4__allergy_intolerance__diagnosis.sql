select
    {{ fact_columns('allergy_intolerance') }},
    patient as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    code,
    code_system,
    {{ nulls('text', ['indication_code']) }},
    clinical_status,
    verification_status,
    'allergy' as category_code,
    {{ no_time(['onset', 'abated']) }},
    {{ time_from_instant('recorded', 'recorded') }}
from {{ ref('stg_ehr_fhir_r4__allergy_intolerance') }}
