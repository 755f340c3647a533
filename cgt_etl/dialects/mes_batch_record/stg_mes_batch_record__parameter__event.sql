{%- set stated = [
    'event_type', 'occurred', 'status', 'coi_token', 'subject_role', 'is_anonymous', 'batch_token', 'from_party_id',
] -%}
{%- set happened = [
    ('unit_operation', 'event_type', "measurement <> 'exception_flag'"),
    ('batch_terminated', "'batch_terminated'", "status_code = 'terminated'"),
    ('deviation_opened', "'deviation_opened'", "measurement = 'exception_flag' and value__status = 'flagged'"),
] -%}

{%- for fact, event_type, condition in happened %}
select
    {{ fact_columns(fact) }},
    {{ event_type }} as event_type,
    {{ time_from_instant('seen', 'occurred') }},
    'completed' as status,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    batch as batch_token,
    party_id as from_party_id,
    {{ unstated('event', stated) }}
from {{ ref('stg_mes_batch_record__parameter') }}
where {{ condition }}
{{ 'union all' if not loop.last }}
{%- endfor %}
