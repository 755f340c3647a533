{{ config(materialized='ephemeral') }}

-- Whom a bag concerns: by the collection of its donation; nobody, where none is known, and of a pool.
select
    product.product_id,
    min(collection.journey_id) as journey_id,
    min(coalesce(collection.recipient_subject_id, collection.donor_subject_id)) as subject_id
from {{ ref('product') }} as product
inner join {{ ref('collection') }} as collection on product.din_id = collection.din_id
group by product.product_id
