{{ config(materialized='ephemeral') }}

-- Two released bags that are one bag by their columns, or one whose key is not that of its columns, as where the case of a division
-- was lost on the way: Aa and AA are two bags. Cells would be added up under the wrong key, so it stops the release.
with keyed as (
    select
        product_id,
        component_id,
        {{ product_key('din_id', 'product_description_code', 'division') }} as own_key,
        count(*) over (partition by din_id, product_description_code, division) as bag_count
    from {{ ref('product') }}
)

select
    'R07' as rule_id,
    'block' as effect,
    'product' as table_name,
    keyed.product_id as row_key,
    concerned.journey_id,
    concerned.subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'division' as column_name,
    keyed.component_id
from keyed
left join {{ ref('int_product__concerned') }} as concerned on keyed.product_id = concerned.product_id
where keyed.bag_count > 1 or keyed.own_key <> keyed.product_id
