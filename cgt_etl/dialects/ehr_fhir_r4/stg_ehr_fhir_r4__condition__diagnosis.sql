select
    {{ fact_columns('condition') }},
    patient as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    code,
    code_system,
    indication_code,
    clinical_status,
    verification_status,
    category_code,
    {{ time_from_instant('onset', 'onset') }},
    {{ time_from_instant('abatement', 'abated') }},
    {{ time_from_instant('recorded', 'recorded') }}
from {{ ref('stg_ehr_fhir_r4__condition') }}
