{{ config(materialized='ephemeral') }}

-- Fresh cells wait at most 48 hours from the end of their collection until they are frozen, taken into a batch or infused. No feed states a
-- product's own limits, so it is the default's warning; whoever wants the 72 hours of its error reads the hours from the row.
select
    'R23' as rule_id,
    'flag' as effect,
    'collection' as table_name,
    collection.collection_id as row_key,
    collection.journey_id,
    collection.recipient_subject_id as subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'hold_before_freezing_h' as column_name,
    collection.component_id
from {{ ref('collection') }} as collection
where collection.hold_before_freezing_h > 48

union all

-- never frozen as far as anybody says: one limit in hours from door to process is theirs
select
    'R23' as rule_id,
    'flag' as effect,
    'handoff' as table_name,
    taken.handoff_id as row_key,
    taken.journey_id,
    journey.subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'receiver_first_act_at_utc' as column_name,
    taken.component_id
from {{ ref('handoff') }} as taken
inner join {{ ref('handoff') }} as given
    on taken.shipment_id = given.shipment_id and given.handoff_code = 'H07'
left join {{ ref('journey') }} as journey on taken.journey_id = journey.journey_id
where
    taken.handoff_code in ('H08', 'H18')
    and taken.transit_limit_h < 240
    and {{ seconds_between('given.sender_last_act_at_utc', 'taken.receiver_first_act_at_utc') }} > 48 * 3600
