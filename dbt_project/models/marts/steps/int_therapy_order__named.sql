{{ config(materialized='ephemeral') }}

-- Order number -> the chain-of-identity id that its records name, where they name exactly one.
select
    order_id,
    min(coi_id) as coi_id
from {{ ref('int_therapy_order__resolved') }}
where order_id is not null and coi_id is not null
group by order_id
having count(distinct coi_id) = 1
