{{ config(pre_hook="{{ delete_touched() }}") }}

with statement as (
    select
        *,
        row_number() over (partition by measurement_id order by occurred_at_utc asc nulls last, measurement_statement_id asc) as rank_no
    from {{ ref('int_measurement__resolved') }}
    where {{ only_touched() }}
),

-- a record that names a donation without telling of its collection measures what came of it
donation as (
    select distinct
        din_id,
        collection_id
    from {{ ref('int_collection__resolved') }}
    where din_id is not null and {{ only_touched() }}
),

-- a record that tells of a shipment measures what was carried
carried as (
    select
        source_delivery,
        source_row,
        {{ agreed('sscc_id') }} as sscc_id
    from {{ ref('int_event__resolved') }}
    where sscc_id is not null and {{ only_touched() }}
    group by source_delivery, source_row
),

-- of the results of one test of a batch the one that was reported last stands; a result of another method is another test
reported as (
    select
        measurement_id,
        first_value(measurement_id) over (
            partition by batch_id, lot_id, measurement, specimen, method, basis, party_id
            order by occurred_at_utc desc nulls last, source_delivery desc, measurement_id asc
        ) as standing_measurement_id
    from statement
    where rank_no = 1 and batch_id is not null and timepoint = 'release' and {{ stands('status') }}
),

-- what the same line of the same certificate says of limits and verdict
judged as (
    select
        limits.*,
        {{ specification_key('limits', 'batch') }} as specification_id
    from {{ ref('int_specification_limit__resolved') }} as limits
    left join {{ ref('batch') }} as batch on limits.batch_id = batch.batch_id
)

select
    statement.measurement_id,
    statement.measurement,
    statement.subject_id,
    {{ therapy_order_key('statement.coi_id') }} as therapy_order_id,
    coalesce(statement.collection_id, donation.collection_id) as collection_id,
    statement.product_id,
    statement.batch_id,
    statement.administration_id,
    case when statement.lot_id is not null then {{ surrogate_key(["'dose_unit'", 'statement.lot_id']) }} end as dose_unit_id,
    case when carried.sscc_id is not null then {{ surrogate_key(["'shipment'", 'carried.sscc_id']) }} end as shipment_id,
    statement.site_id,
    statement.specimen as specimen_code,
    statement.method,
    statement.timepoint as timepoint_code,
    coalesce(statement.replicate, 1) as replicate_no,
    {{ time_of('occurred', relation='statement') }},
    statement.value,
    statement.comparator,
    statement.value_code,
    statement.unit,
    statement.value_raw as raw_value,
    statement.unit_raw as raw_unit,
    statement.basis as denominator_code,
    judged.lower_limit,
    judged.upper_limit,
    statement.loinc_code,
    statement.status as status_code,
    case when reported.standing_measurement_id <> statement.measurement_id then reported.standing_measurement_id end
        as superseded_by_measurement_id,
    statement.value_status,
    judged.specification_id,
    case when judged.verdict_code <> 'pending' then judged.verdict_code end as verdict_code,
    {{ verdict_by_limits('statement', 'judged') }} as recomputed_verdict_code,
    statement.source_delivery,
    statement.source_row,
    statement.component_id
from statement
left join judged on {{ same_record('statement', 'judged') }}
left join donation on statement.din_id = donation.din_id
left join carried on statement.source_delivery = carried.source_delivery and statement.source_row = carried.source_row
left join reported on statement.measurement_id = reported.measurement_id
where statement.rank_no = 1
