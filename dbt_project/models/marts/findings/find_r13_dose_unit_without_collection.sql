{{ config(materialized='ephemeral') }}

-- A dose unit leads back to a starting material through its infusion's, its batch's or its recipient's journey; where no collection of
-- that journey is known, it does not.
with journey_of_unit as (
    select
        unit.dose_unit_id,
        coalesce(given.journey_id, named.journey_id, only_one.journey_id) as journey_id
    from {{ ref('dose_unit') }} as unit
    left join {{ ref('batch') }} as batch on unit.batch_id = batch.batch_id
    left join {{ ref('int_order__journey') }} as named on batch.therapy_order_id = named.therapy_order_id
    left join {{ ref('product_edge') }} as edge on unit.dose_unit_id = edge.parent_key and edge.edge_type = 'administer'
    left join {{ ref('administration') }} as given on edge.child_key = given.administration_id
    left join {{ ref('int_subject__journey') }} as only_one on unit.recipient_subject_id = only_one.subject_id
),

traced as (
    select
        journey_of_unit.dose_unit_id,
        max(journey.collection_count) as collection_count,
        min(journey_of_unit.journey_id) as journey_id
    from journey_of_unit
    left join {{ ref('journey') }} as journey on journey_of_unit.journey_id = journey.journey_id
    group by journey_of_unit.dose_unit_id
)

select
    'R13' as rule_id,
    'flag' as effect,
    'dose_unit' as table_name,
    unit.dose_unit_id as row_key,
    traced.journey_id,
    unit.recipient_subject_id as subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    cast(null as {{ type_of('text') }}) as column_name,
    unit.component_id
from {{ ref('dose_unit') }} as unit
inner join traced on unit.dose_unit_id = traced.dose_unit_id
where coalesce(traced.collection_count, 0) = 0
