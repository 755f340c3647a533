{{ config(materialized='ephemeral') }}

-- A batch found out of specification or a unit discarded, and infused all the same, needs a pathway that somebody approved before.
-- Where both the finding and the infusion say which batch, they must be of one: an attempt that failed bars no later one.
with barred as (
    select
        bridge.journey_id,
        event.batch_id,
        min(event.occurred_date) as barred_date
    from {{ ref('journey_event') }} as bridge
    inner join {{ ref('event') }} as event on bridge.event_id = event.event_id
    where event.event_type = 'batch_oos' or (event.event_type = 'product_discarded' and event.dose_unit_id is not null)
    group by bridge.journey_id, event.batch_id
),

given_batch as (
    select
        administered.child_key as administration_id,
        filled.parent_key as batch_id
    from {{ ref('product_edge') }} as administered
    inner join {{ ref('product_edge') }} as filled
        on administered.parent_key = filled.child_key and filled.edge_type = 'fill'
    where administered.edge_type = 'administer'
),

approved as (
    select
        bridge.journey_id,
        min(event.occurred_date) as approved_date
    from {{ ref('journey_event') }} as bridge
    inner join {{ ref('event') }} as event on bridge.event_id = event.event_id
    where event.event_type = 'out_of_specification_pathway_approved'
    group by bridge.journey_id
)

select distinct
    'R15' as rule_id,
    'flag' as effect,
    'administration' as table_name,
    given.administration_id as row_key,
    given.journey_id,
    given.subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'pathway_code' as column_name,
    given.component_id
from {{ ref('administration') }} as given
inner join barred on given.journey_id = barred.journey_id and given.started_date >= barred.barred_date
left join given_batch on given.administration_id = given_batch.administration_id
left join approved on given.journey_id = approved.journey_id and given.started_date >= approved.approved_date
where
    approved.journey_id is null
    and given.pathway_code is null
    and coalesce(given_batch.batch_id = barred.batch_id, true)
