{%- for event_type, time in [('infusion_started', 'started'), ('infusion_completed', 'effective_end')] %}
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
    {{ nulls('text', ['din_token', 'order_token', 'batch_token']) }},
    lot as lot_token,
    {{ nulls('text', ['division', 'sscc_token', 'awb_token', 'logger_token', 'from_party_id', 'to_party_id', 'from_gln', 'to_gln']) }}
from {{ ref('stg_ehr_fhir_r4__medication_administration') }}
where product_name_code is not null and status in ('completed', 'in_progress', 'stopped') and {{ time }}_local is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
