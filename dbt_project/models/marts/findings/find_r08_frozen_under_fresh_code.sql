{{ config(materialized='ephemeral') }}

-- Freezing and enrichment change the product code and leave the donation number, which dividing, washing and sampling leave too; a pool
-- has one of its own. Of the codes that ISBT 128 shows in public, S1128 (apheresis, mobilised), S1310 (the same, CD34-enriched) and S2598
-- (marrow) are codes of fresh product, S1194 and S1195 of frozen product; others are not judged.
with found as (
    select
        product_id,
        'product_description_code' as column_name
    from {{ ref('product') }}
    where
        (state_code = 'cryopreserved' and product_description_code in ('S1128', 'S1310', 'S2598'))
        or (state_code = 'fresh' and product_description_code in ('S1194', 'S1195'))
    union
    select
        made.product_id,
        'product_description_code' as column_name
    from {{ ref('product_edge') }} as edge
    inner join {{ ref('product') }} as source on edge.parent_key = source.product_id
    inner join {{ ref('product') }} as made on edge.child_key = made.product_id
    where edge.edge_type = 'transform' and source.product_description_code = made.product_description_code
    union
    select
        made.product_id,
        'din_id' as column_name
    from {{ ref('product_edge') }} as edge
    inner join {{ ref('product') }} as source on edge.parent_key = source.product_id
    inner join {{ ref('product') }} as made on edge.child_key = made.product_id
    where edge.edge_type in ('split', 'transform', 'wash', 'sample') and source.din_id <> made.din_id
)

select
    'R08' as rule_id,
    'flag' as effect,
    'product' as table_name,
    product.product_id as row_key,
    concerned.journey_id,
    concerned.subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    found.column_name,
    product.component_id
from {{ ref('product') }} as product
inner join found on product.product_id = found.product_id
left join {{ ref('int_product__concerned') }} as concerned on product.product_id = concerned.product_id
