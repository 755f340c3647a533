{%- set instants = [('apheresis_started', 'started'), ('apheresis_completed', 'completed')] -%}

{%- for event_type, instant in instants %}
select
    {{ fact_columns(event_type) }},
    case when is_autologous then patient_mrn else donor_grid end as subject_token,
    case when is_autologous then 'patient' else 'donor' end as subject_role,
    false as is_anonymous,
    '{{ event_type }}' as event_type,
    {{ time_from_instant(instant, 'occurred') }},
    'completed' as status,
    din as din_token,
    party_id as from_party_id,
    {{ unstated('event', [
        'subject_token', 'subject_role', 'is_anonymous', 'event_type', 'occurred', 'status', 'din_token', 'from_party_id',
    ]) }}
from {{ ref('stg_becs_eu__apheresis') }}
where {{ instant }}_local is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
