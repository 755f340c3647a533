-- a relapse is an event where the condition is one that cell or gene therapy treats
select
    {{ fact_columns('relapse_or_progression') }},
    'relapse_or_progression' as event_type,
    {{ time_from_instant('onset', 'occurred') }},
    {{ time_from_instant('recorded', 'recorded') }},
    'completed' as status,
    clinical_status as detail_code,
    patient as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'patient' as subject_role,
    false as is_anonymous,
    {{ nulls('text', [
        'din_token', 'division', 'order_token', 'batch_token', 'lot_token', 'sscc_token', 'awb_token', 'logger_token', 'from_party_id',
        'to_party_id', 'from_gln', 'to_gln',
    ]) }}
from {{ ref('stg_ehr_fhir_r4__condition') }}
where clinical_status in ('relapse', 'recurrence') and indication_code is not null
