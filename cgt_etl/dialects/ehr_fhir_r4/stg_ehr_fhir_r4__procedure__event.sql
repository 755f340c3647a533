{#- kind of procedure, event at its start, event at its end -#}
{%- set kinds = [
    ('leukapheresis', 'apheresis_started', 'apheresis_completed'),
    ('cell_infusion', 'infusion_started', 'infusion_completed'),
] -%}

with act as (
    select *
    from {{ ref('stg_ehr_fhir_r4__procedure') }}
    where status in ('completed', 'in_progress', 'stopped')
)

{%- for kind, at_start, at_end in kinds %}
{%- for event_type, time in [(at_start, 'started'), (at_end, 'performed_end')] %}

select
    {{ fact_columns(event_type) }},
    '{{ event_type }}' as event_type,
    {{ time_from_instant(time, 'occurred') }},
    {{ time_from_instant('last_updated', 'recorded') }},
    status,
    {{ nulls('text', ['detail_code']) }},
    patient as subject_token,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    din as din_token,
    order_ref as order_token,
    {{ nulls('text', [
        'batch_token', 'lot_token', 'sscc_token', 'awb_token', 'logger_token', 'from_party_id', 'to_party_id', 'from_gln', 'to_gln',
    ]) }}
from act
where procedure_kind_code = '{{ kind }}' and {{ time }}_local is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
{{ 'union all' if not loop.last }}
{%- endfor %}
