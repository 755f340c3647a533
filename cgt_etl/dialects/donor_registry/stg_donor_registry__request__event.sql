{#- event type, day, what is said of it -#}
{%- set events = [
    ('donor_screened', 'examined', "case when request_status_code = 'deferred' then coalesce(reason_code, 'deferred') end"),
    ('donor_clearance_issued', 'cleared', text_literal(none)),
] -%}

{%- for event_type, day, detail in events %}
select
    {{ fact_columns(event_type) }},
    grid as subject_token,
    'donor' as subject_role,
    false as is_anonymous,
    '{{ event_type }}' as event_type,
    {{ time_from_date(day, 'occurred') }},
    'completed' as status,
    {{ detail }} as detail_code,
    {{ "party_id" if event_type == 'donor_clearance_issued' else text_literal(none) }} as from_party_id,
    {{ unstated('event', [
        'subject_token', 'subject_role', 'is_anonymous', 'event_type', 'occurred', 'status', 'detail_code', 'from_party_id',
    ]) }}
from {{ ref('stg_donor_registry__request') }}
where {{ day }}_local is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
