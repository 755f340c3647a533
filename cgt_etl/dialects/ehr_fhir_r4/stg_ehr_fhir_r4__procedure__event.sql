{#- kind of procedure, event at its start, event at its end -#}
{%- set kinds = [
    ('leukapheresis', 'apheresis_started', 'apheresis_completed'),
    ('cell_infusion', 'infusion_started', 'infusion_completed'),
] -%}
{%- set approval = 'out_of_specification_pathway_approved' -%}
{%- set said = [
    'event_type', 'occurred', 'recorded', 'status', 'detail_code', 'subject_token', 'coi_token', 'subject_role', 'is_anonymous',
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
    {{ nulls('text', ['division']) }},
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

union all

-- the way in which a product out of specification may be given all the same, on the day of its approval
select
    {{ fact_columns(approval) }},
    '{{ approval }}' as event_type,
    {{ time_from_instant('started', 'occurred') }},
    {{ time_from_instant('last_updated', 'recorded') }},
    status,
    oos_pathway_code as detail_code,
    patient as subject_token,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ unstated('event', said) }}
from act
where oos_pathway_code is not null and started_local is not null
