{{ config(materialized='ephemeral') }}

-- The decision `collection` of each journey: the end of its last collection before the infusion, else its start.
with collected as (
    select
        collection.journey_id,
        collection.collection_id,
        coalesce(collection.ended_at_utc, collection.started_at_utc) as decision_at_utc,
        coalesce(collection.ended_date, collection.started_date) as decision_date,
        row_number() over (
            partition by collection.journey_id
            order by
                coalesce(collection.ended_date, collection.started_date) desc,
                coalesce(collection.ended_at_utc, collection.started_at_utc) desc nulls last,
                collection.collection_id
        ) as rank_no
    from {{ ref('collection') }} as collection
    inner join {{ ref('journey') }} as journey on collection.journey_id = journey.journey_id
    where
        collection.started_date is not null
        and (journey.first_infusion_date is null or collection.started_date <= journey.first_infusion_date)
)

select
    journey_id,
    decision_at_utc,
    decision_date
from collected
where rank_no = 1
