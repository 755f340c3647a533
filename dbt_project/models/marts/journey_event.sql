{{ config(pre_hook="{{ delete_touched() }}") }}

with placed as (
    select
        event.event_id,
        event.subject_id,
        event.component_id,
        named.journey_id as order_journey_id,
        coalesce(named.journey_id, collection.journey_id, given.journey_id) as own_journey_id
    from {{ ref('event') }} as event
    left join {{ ref('int_order__journey') }} as named on event.therapy_order_id = named.therapy_order_id
    left join {{ ref('collection') }} as collection on event.collection_id = collection.collection_id
    left join {{ ref('administration') }} as given on event.administration_id = given.administration_id
    where {{ stands('event.status_code') }} and {{ only_touched('event.component_id') }}
)

select
    own_journey_id as journey_id,
    event_id,
    order_journey_id is not null as is_named_by_order,
    component_id
from placed
where own_journey_id is not null
union all
select
    journey.journey_id,
    placed.event_id,
    false as is_named_by_order,
    placed.component_id
from placed
inner join {{ ref('journey') }} as journey on placed.subject_id = journey.subject_id
where placed.own_journey_id is null
