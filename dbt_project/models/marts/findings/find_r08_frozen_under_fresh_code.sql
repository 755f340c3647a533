{{ config(materialized='ephemeral') }}

-- Freezing changes the product code and leaves the donation number. Of the codes that ISBT 128 shows in public, S1128 (apheresis,
-- mobilised), S1310 (the same, CD34-enriched) and S2598 (marrow) are codes of fresh product, S1194 and S1195 of frozen product; others
-- are not judged.
select
    'R08' as rule_id,
    'flag' as effect,
    'product' as table_name,
    product.product_id as row_key,
    collection.journey_id,
    coalesce(collection.recipient_subject_id, collection.donor_subject_id) as subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'product_description_code' as column_name,
    product.component_id
from {{ ref('product') }} as product
left join {{ ref('collection') }} as collection on product.collection_id = collection.collection_id
where
    (product.state_code = 'cryopreserved' and product.product_description_code in ('S1128', 'S1310', 'S2598'))
    or (product.state_code = 'fresh' and product.product_description_code in ('S1194', 'S1195'))
