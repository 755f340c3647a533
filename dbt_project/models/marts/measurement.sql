{{ config(pre_hook="{{ delete_touched() }}") }}

with statement as (
    select
        *,
        row_number() over (partition by measurement_id order by measurement_statement_id) as rank_no
    from {{ ref('int_measurement__resolved') }}
    where {{ only_touched() }}
)

select
    measurement_id,
    measurement,
    subject_id,
    {{ therapy_order_key('coi_id') }} as therapy_order_id,
    collection_id,
    product_id,
    batch_id,
    administration_id,
    case when lot_id is not null then {{ surrogate_key(["'dose_unit'", 'lot_id']) }} end as dose_unit_id,
    site_id,
    specimen as specimen_code,
    method,
    timepoint as timepoint_code,
    coalesce(replicate, 1) as replicate_no,
    {{ time_of('occurred') }},
    value,
    comparator,
    value_code,
    unit,
    value_raw as raw_value,
    unit_raw as raw_unit,
    basis as denominator_code,
    cast(null as {{ type_of('number') }}) as lower_limit,
    cast(null as {{ type_of('number') }}) as upper_limit,
    loinc_code,
    status as status_code,
    value_status,
    cast(null as {{ type_of('text') }}) as specification_id,
    cast(null as {{ type_of('text') }}) as verdict_code,
    source_delivery,
    source_row,
    component_id
from statement
where rank_no = 1
