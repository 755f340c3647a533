{{ config(materialized='ephemeral') }}

-- A batch found out of specification or a unit discarded, and infused all the same, needs a pathway that somebody approved before.
with barred as (
    select
        bridge.journey_id,
        min(event.occurred_date) as barred_date
    from {{ ref('journey_event') }} as bridge
    inner join {{ ref('event') }} as event on bridge.event_id = event.event_id
    where event.event_type = 'batch_oos' or (event.event_type = 'product_discarded' and event.dose_unit_id is not null)
    group by bridge.journey_id
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

select
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
left join approved on given.journey_id = approved.journey_id and given.started_date >= approved.approved_date
where approved.journey_id is null and given.pathway_code is null
