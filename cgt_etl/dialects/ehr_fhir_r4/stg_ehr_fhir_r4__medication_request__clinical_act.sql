select
    {{ fact_columns('medication_request') }},
    patient as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    code,
    'rxnorm' as code_system,
    'medication_request' as act_type,
    status,
    {{ time_from_instant('authored', 'started') }},
    {{ no_time(['ended']) }},
    {{ time_from_instant('last_updated', 'recorded') }}
from {{ ref('stg_ehr_fhir_r4__medication_request') }}
