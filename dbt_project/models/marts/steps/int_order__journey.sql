{{ config(materialized='ephemeral') }}

-- Therapy order -> its journey.
select
    therapy_order_id,
    min(journey_id) as journey_id
from {{ ref('int_journey__keyed') }}
where therapy_order_id is not null
group by therapy_order_id
