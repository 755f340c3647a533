select
    {{ fact_columns('encounter') }},
    patient as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    code,
    'snomed' as code_system,
    'encounter' as act_type,
    status,
    {{ time_from_instant('started', 'started') }},
    {{ time_from_instant('ended', 'ended') }},
    {{ time_from_instant('last_updated', 'recorded') }}
from {{ ref('stg_ehr_fhir_r4__encounter') }}
