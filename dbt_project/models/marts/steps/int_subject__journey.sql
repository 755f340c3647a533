{{ config(materialized='ephemeral') }}

-- Person -> the only journey, for persons who have one.
select
    subject_id,
    min(journey_id) as journey_id
from {{ ref('journey') }}
group by subject_id
having count(*) = 1
