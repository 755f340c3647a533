{%- set events = [
    ('death_recorded', 'deceased', 'deceased_local is not null'),
    ('identity_merge', 'last_updated', 'replaced_by is not null'),
] -%}

{%- for event_type, time, is_said in events %}
select
    {{ fact_columns(event_type) }},
    '{{ event_type }}' as event_type,
    {{ time_from_instant(time, 'occurred') }},
    {{ time_from_instant('last_updated', 'recorded') }},
    'completed' as status,
    {{ nulls('text', ['detail_code']) }},
    patient as subject_token,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ nulls('text', [
        'din_token', 'division', 'order_token', 'batch_token', 'lot_token', 'sscc_token', 'awb_token', 'logger_token', 'from_party_id',
        'to_party_id', 'from_gln', 'to_gln',
    ]) }}
from {{ ref('stg_ehr_fhir_r4__patient') }}
where {{ is_said }}
{{ 'union all' if not loop.last }}
{%- endfor %}
