select
    {{ fact_columns('death_recorded') }},
    'death_recorded' as event_type,
    {{ time_from_instant('deceased', 'occurred') }},
    {{ time_from_instant('sent', 'recorded') }},
    'completed' as status,
    coalesce(mrn, internal_id) as subject_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ unstated('event', ['event_type', 'occurred', 'recorded', 'status', 'subject_token', 'subject_role', 'is_anonymous']) }}
from {{ ref('stg_ehr_hl7v2__patient') }}
where deceased_local is not null

union all

select
    {{ fact_columns('identity_merge') }},
    'identity_merge' as event_type,
    {{ landed_time('occurred') }},
    {{ no_time(['recorded']) }},
    'completed' as status,
    coalesce(merged_mrn, merged_internal_id) as subject_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ unstated('event', ['event_type', 'occurred', 'recorded', 'status', 'subject_token', 'subject_role', 'is_anonymous']) }}
from {{ ref('stg_ehr_hl7v2__patient__merge') }}
where coalesce(merged_mrn, merged_internal_id) is not null
