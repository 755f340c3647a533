{{ config(materialized='ephemeral') }}

-- A dose unit leads back to a starting material by the batch that it was filled from, of which a batch record names a donation (also one
-- that no blood centre has sent yet).
with fed as (
    select distinct child_batch_id as batch_id
    from {{ ref('int_product_edge__resolved') }}
    where child_batch_id is not null
),

traced as (
    select distinct filled.child_key as dose_unit_id
    from {{ ref('product_edge') }} as filled
    inner join fed on filled.parent_key = fed.batch_id
    where filled.edge_type = 'fill'
),

-- whom it concerns: the journeys of its infusions, else of its batch's order, else the recipient's only one
concerned as (
    select
        unit.dose_unit_id,
        min(coalesce(given.journey_id, named.journey_id, only_one.journey_id)) as journey_id
    from {{ ref('dose_unit') }} as unit
    left join {{ ref('batch') }} as batch on unit.batch_id = batch.batch_id
    left join {{ ref('int_order__journey') }} as named on batch.therapy_order_id = named.therapy_order_id
    left join {{ ref('product_edge') }} as edge on unit.dose_unit_id = edge.parent_key and edge.edge_type = 'administer'
    left join {{ ref('administration') }} as given on edge.child_key = given.administration_id
    left join {{ ref('int_subject__journey') }} as only_one on unit.recipient_subject_id = only_one.subject_id
    group by unit.dose_unit_id
)

select
    'R13' as rule_id,
    'flag' as effect,
    'dose_unit' as table_name,
    unit.dose_unit_id as row_key,
    concerned.journey_id,
    unit.recipient_subject_id as subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    cast(null as {{ type_of('text') }}) as column_name,
    unit.component_id
from {{ ref('dose_unit') }} as unit
inner join concerned on unit.dose_unit_id = concerned.dose_unit_id
left join traced on unit.dose_unit_id = traced.dose_unit_id
where traced.dose_unit_id is null
