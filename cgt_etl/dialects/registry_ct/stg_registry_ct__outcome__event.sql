{%- set events = [
    ('infusion_started', 'infdate', "infdate_local is not null", none),
    ('engraftment_recorded', 'anc500dt', "anc500dt_local is not null", "'neutrophil'"),
    ('death_recorded', 'lastcontact', "survival_code = 'dead'", none),
] -%}

{%- for event_type, column, is_said, detail in events %}
select
    {{ fact_columns(event_type) }},
    '{{ event_type }}' as event_type,
    {{ time_from_date(column, 'occurred') }},
    {{ no_time(['recorded']) }},
    'completed' as status,
    cast({{ detail or 'null' }} as {{ type_of('text') }}) as detail_code,
    crid as subject_token,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ nulls('text', ['din_token', 'order_token']) }},
    batch as batch_token,
    {{ nulls('text', [
        'division', 'lot_token', 'sscc_token', 'awb_token', 'logger_token', 'from_party_id', 'to_party_id', 'from_gln', 'to_gln',
    ]) }}
from {{ ref('stg_registry_ct__outcome') }}
where {{ is_said }}
{{ 'union all' if not loop.last }}
{%- endfor %}
