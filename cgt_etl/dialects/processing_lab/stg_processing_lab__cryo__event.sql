{%- set events = [('cryopreservation_started', 'freeze_started'), ('cryopreservation_completed', 'freeze_completed')] -%}

{%- for event_type, instant in events %}
select
    {{ fact_columns(event_type) }},
    false as is_anonymous,
    '{{ event_type }}' as event_type,
    {{ time_from_instant(instant, 'occurred') }},
    'completed' as status,
    din as din_token,
    division,
    {{ unstated('event', ['is_anonymous', 'event_type', 'occurred', 'status', 'din_token', 'division']) }}
from {{ ref('stg_processing_lab__cryo') }}
where {{ instant }}_local is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
