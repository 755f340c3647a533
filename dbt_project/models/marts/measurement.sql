{{ config(pre_hook="{{ delete_touched() }}") }}

with statement as (
    select
        *,
        row_number() over (partition by measurement_id order by occurred_at_utc asc nulls last, measurement_statement_id asc) as rank_no
    from {{ ref('int_measurement__resolved') }}
    where {{ only_touched() }}
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
    statement.collection_id,
    statement.product_id,
    statement.batch_id,
    statement.administration_id,
    case when statement.lot_id is not null then {{ surrogate_key(["'dose_unit'", 'statement.lot_id']) }} end as dose_unit_id,
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
    statement.value_status,
    judged.specification_id,
    case when judged.verdict_code <> 'pending' then judged.verdict_code end as verdict_code,
    statement.source_delivery,
    statement.source_row,
    statement.component_id
from statement
left join judged on {{ same_record('statement', 'judged') }}
where statement.rank_no = 1
