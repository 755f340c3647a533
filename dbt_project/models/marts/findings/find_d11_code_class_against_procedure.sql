{{ config(materialized='ephemeral') }}

-- The class of the product code does not fit the procedure: S1128 names mobilised haematopoietic progenitor cells, which no collection of
-- mononuclear cells from an unmobilised patient gives.
select
    'D11' as rule_id,
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
inner join {{ ref('collection') }} as collection on product.collection_id = collection.collection_id
where collection.procedure_type_code = 'mnc_collection' and product.product_description_code in ('S1128', 'S1194', 'S1195', 'S1310')
