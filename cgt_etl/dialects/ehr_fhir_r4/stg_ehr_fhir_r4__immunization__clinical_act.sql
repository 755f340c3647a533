select
    {{ fact_columns('immunization') }},
    patient as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    code,
    'cvx' as code_system,
    'immunization' as act_type,
    status,
    {{ time_from_instant('occurrence', 'started') }},
    {{ no_time(['ended']) }},
    {{ time_from_instant('last_updated', 'recorded') }}
from {{ ref('stg_ehr_fhir_r4__immunization') }}
