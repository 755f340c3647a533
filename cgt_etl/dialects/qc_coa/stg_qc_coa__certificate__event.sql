{%- set stated = [
    'event_type', 'occurred', 'status', 'detail_code', 'coi_token', 'subject_role', 'is_anonymous', 'batch_token', 'lot_token', 'from_party_id',
] -%}

with judged as (
    select
        source_delivery,
        source_row,
        max(case when is_preliminary then 1 else 0 end) as preliminary_count,
        max(case when verdict_code = 'fail' then 1 else 0 end) as failed_count
    from {{ ref('stg_qc_coa__certificate__line') }}
    group by source_delivery, source_row
),

certificate as (
    select
        said.*,
        coalesce(judged.preliminary_count, 0) = 1 as is_preliminary,
        coalesce(said.disposition_code, '') in ('out_of_specification', 'rejected') as is_refused,
        coalesce(said.disposition_code, '') in ('out_of_specification', 'rejected') and said.disposed_local is not null as has_refusal_time,
        coalesce(judged.failed_count, 0) = 1 as has_failed
    from {{ ref('stg_qc_coa__certificate') }} as said
    left join judged on said.source_delivery = judged.source_delivery and said.source_row = judged.source_row
),

event as (
    select
        {{ fact_columns('qc_result_reported') }},
        'qc_result_reported' as event_type,
        {{ time_from_instant('issued', 'occurred') }},
        case when is_preliminary then 'preliminary' else 'final' end as detail_code,
        coi,
        batch,
        lot
    from certificate

    union all

    select
        {{ fact_columns('manufacturing_started') }},
        'manufacturing_started' as event_type,
        {{ time_from_date('manufacture_started', 'occurred') }},
        {{ nulls('text', ['detail_code']) }},
        coi,
        batch,
        lot
    from certificate
    where manufacture_started_local is not null

    union all

    select
        {{ fact_columns('batch_released') }},
        'batch_released' as event_type,
        {{ time_from_instant('disposed', 'occurred') }},
        case when disposition_code = 'conditional' then 'conditional' end as detail_code,
        coi,
        batch,
        lot
    from certificate
    -- without its time a release is for the manufacturer to state
    where disposition_code in ('released', 'conditional') and disposed_local is not null

    union all

    -- quality assurance says so, or a test has failed, and then the certificate says so when it is issued
    select
        {{ fact_columns('batch_oos') }},
        'batch_oos' as event_type,
        {%- for part in ['at_utc', 'local', 'date', 'precision', 'zone_source'] %}
        case when has_refusal_time then disposed_{{ part }} else issued_{{ part }} end as occurred_{{ part }},
        {%- endfor %}
        {{ nulls('text', ['detail_code']) }},
        coi,
        batch,
        lot
    from certificate
    where is_refused or has_failed
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
    'completed' as status,
    detail_code,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    batch as batch_token,
    lot as lot_token,
    party_id as from_party_id,
    {{ unstated('event', stated) }}
from event
