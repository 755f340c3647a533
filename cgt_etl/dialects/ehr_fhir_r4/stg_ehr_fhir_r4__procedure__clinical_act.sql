select
    {{ fact_columns('procedure') }},
    patient as subject_token,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    code,
    code_system,
    'procedure' as act_type,
    status,
    {{ time_from_instant('started', 'started') }},
    {{ time_from_instant('performed_end', 'ended') }},
    {{ time_from_instant('last_updated', 'recorded') }}
from {{ ref('stg_ehr_fhir_r4__procedure') }}
