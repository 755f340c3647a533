{{ config(pre_hook="{{ delete_touched() }}") }}

with placed as (
    select
        event.event_id,
        event.subject_id,
        event.collection_id,
        event.batch_id,
        event.shipment_id,
        event.component_id,
        named.journey_id as order_journey_id,
        coalesce(named.journey_id, collection.journey_id, given.journey_id) as own_journey_id
    from {{ ref('event') }} as event
    left join {{ ref('int_order__journey') }} as named on event.therapy_order_id = named.therapy_order_id
    left join {{ ref('collection') }} as collection on event.collection_id = collection.collection_id
    left join {{ ref('administration') }} as given on event.administration_id = given.administration_id
    where {{ stands('event.status_code') }} and {{ only_touched('event.component_id') }}
),

of_person as (
    select
        placed.event_id,
        journey.journey_id,
        placed.component_id
    from placed
    inner join {{ ref('journey') }} as journey on placed.subject_id = journey.subject_id
    where placed.own_journey_id is null
),

left_over as (
    select placed.*
    from placed
    left join of_person on placed.event_id = of_person.event_id
    where placed.own_journey_id is null and of_person.event_id is null
),

-- what happened to a thing, or to a donor, is part of the journeys that the thing was for
of_object as (
    {%- for object in ['batch', 'collection', 'shipment'] %}
    select
        left_over.event_id,
        object.journey_id,
        left_over.component_id
    from left_over
    inner join {{ ref('int_object__journey') }} as object
        on object.object_type = '{{ object }}' and left_over.{{ object }}_id = object.object_id
    {{ 'union' if not loop.last }}
    {%- endfor %}
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
    journey_id,
    event_id,
    false as is_named_by_order,
    component_id
from of_person
union all
select
    journey_id,
    event_id,
    false as is_named_by_order,
    component_id
from of_object
