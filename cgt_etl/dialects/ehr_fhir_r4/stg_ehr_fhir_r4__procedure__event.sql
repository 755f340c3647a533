{#- kind of procedure, event, and the time of the procedure at which it was; a thaw is one when it has ended -#}
{%- set steps = [
    ('leukapheresis', 'apheresis_started', 'started'),
    ('leukapheresis', 'apheresis_completed', 'performed_end'),
    ('product_thaw', 'dp_thawed', 'ended_or_started'),
    ('cell_infusion', 'infusion_started', 'started'),
    ('cell_infusion', 'infusion_completed', 'performed_end'),
] -%}
{%- set approval = 'out_of_specification_pathway_approved' -%}
{%- set said = [
    'event_type', 'occurred', 'recorded', 'status', 'detail_code', 'subject_token', 'coi_token', 'subject_role', 'is_anonymous',
] -%}

with act as (
    select
        *,
        {{ first_time('performed_end', 'started', 'ended_or_started') }}
    from {{ ref('stg_ehr_fhir_r4__procedure') }}
    where status in ('completed', 'in_progress', 'stopped')
)

{%- for kind, event_type, time in steps %}

select
    {{ fact_columns(event_type) }},
    '{{ event_type }}' as event_type,
    {{ time_from_instant(time, 'occurred') }},
    {{ time_from_instant('last_updated', 'recorded') }},
    status,
    {% if kind == 'product_thaw' %}product_name_code as detail_code{% else %}{{ nulls('text', ['detail_code']) }}{% endif %},
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
