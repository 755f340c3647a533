{{ config(materialized='ephemeral') }}

-- The division cell and the last two characters of the product code name different bags.
select
    'D12' as rule_id,
    'flag' as effect,
    'product' as table_name,
    product.product_id as row_key,
    collection.journey_id,
    coalesce(collection.recipient_subject_id, collection.donor_subject_id) as subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'division' as column_name,
    product.component_id
from {{ ref('product') }} as product
left join {{ ref('collection') }} as collection on product.collection_id = collection.collection_id
where product.is_division_contradicted
