with event as (
    select
        {{ fact_columns('apheresis_started') }},
        'apheresis_started' as event_type,
        {{ time_from_instant('started', 'occurred') }},
        {{ nulls('text', ['detail_code']) }},
        patient_mrn,
        donor_no,
        coi,
        din,
        order_ref
    from {{ ref('stg_becs_us__apheresis') }}

    union all

    select
        {{ fact_columns('apheresis_completed') }},
        'apheresis_completed' as event_type,
        {{ time_from_instant('completed', 'occurred') }},
        {{ nulls('text', ['detail_code']) }},
        patient_mrn,
        donor_no,
        coi,
        din,
        order_ref
    from {{ ref('stg_becs_us__apheresis') }}
    where completed_local is not null

    union all

    select
        {{ fact_columns('collection_adverse_event') }},
        'collection_adverse_event' as event_type,
        {{ time_from_date('proc_date', 'occurred') }},
        adverse_event_code as detail_code,
        patient_mrn,
        donor_no,
        coi,
        din,
        order_ref
    from {{ ref('stg_becs_us__apheresis') }}
    where adverse_event_code is not null
)

select
    source_delivery,
    source_row,
    source_item,
    source_object,
    fact,
    party_id,
    site_id,
    sequence,
    record_key,
    event_type,
    occurred_at_utc,
    occurred_local,
    occurred_date,
    occurred_precision,
    occurred_zone_source,
    {{ no_time(['recorded']) }},
    'completed' as status,
    detail_code,
    case when patient_mrn is null and coi is null then donor_no else patient_mrn end as subject_token,
    coi as coi_token,
    case when patient_mrn is null and coi is null then 'donor' else 'patient' end as subject_role,
    false as is_anonymous,
    din as din_token,
    order_ref as order_token,
    {{ nulls('text', ['division', 'batch_token', 'lot_token', 'sscc_token', 'awb_token', 'logger_token']) }},
    party_id as from_party_id,
    {{ nulls('text', ['to_party_id', 'from_gln', 'to_gln']) }}
from event
