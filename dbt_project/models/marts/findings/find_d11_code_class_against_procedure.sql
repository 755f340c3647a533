{{ config(materialized='ephemeral') }}

-- The class of the product code does not fit the procedure: S1128 names mobilised haematopoietic progenitor cells, which no collection of
-- mononuclear cells from an unmobilised patient gives. The bag may have its right code by another record.
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
left join {{ ref('int_product__renamed') }} as renamed on product.product_id = renamed.product_id
where
    renamed.product_id is not null
    or (collection.procedure_type_code = 'mnc_collection' and product.product_description_code in {{ mobilised_codes() }})
