select
    {{ fact_columns('consent_recorded') }},
    'consent_recorded' as event_type,
    {{ time_from_instant('given', 'occurred') }},
    {{ time_from_instant('last_updated', 'recorded') }},
    'completed' as status,
    scope_code as detail_code,
    patient as subject_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ unstated('event', [
        'event_type', 'occurred', 'recorded', 'status', 'detail_code', 'subject_token', 'subject_role', 'is_anonymous',
    ]) }}
from {{ ref('stg_ehr_fhir_r4__consent') }}
-- a consent that was taken back was once given
where status in ('active', 'inactive') and coalesce(provision_type, 'permit') = 'permit'
