{{ config(materialized='ephemeral') }}

-- Every attribute that a batch's certificates limit has a result on one of them, in numbers or in words.
with limited as (
    select
        batch_id,
        attribute,
        min(component_id) as component_id
    from {{ ref('int_specification_limit__resolved') }}
    where batch_id is not null
    group by batch_id, attribute
),

reported as (
    select distinct
        batch_id,
        measurement
    from {{ ref('measurement') }}
    where batch_id is not null and timepoint_code = 'release' and (value is not null or value_status <> 'nd')
)

select
    'R40' as rule_id,
    'flag' as effect,
    'batch' as table_name,
    limited.batch_id as row_key,
    named.journey_id,
    batch.recipient_subject_id as subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    limited.attribute as column_name,
    limited.component_id
from limited
inner join {{ ref('batch') }} as batch on limited.batch_id = batch.batch_id
left join reported on limited.batch_id = reported.batch_id and limited.attribute = reported.measurement
left join {{ ref('int_order__journey') }} as named on batch.therapy_order_id = named.therapy_order_id
where reported.batch_id is null
