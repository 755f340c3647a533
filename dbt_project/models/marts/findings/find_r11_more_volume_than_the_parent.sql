{{ config(materialized='ephemeral') }}

-- Parts hold no more than what they were taken from, 2 % for weighing: all bags of a split, samples, and what went into a pool, together.
-- Freezing adds at most as much cryoprotectant again (1:1); what a washed bag is taken up in, nobody states, so it is not judged.
with given as (
    select
        parent_key as product_id,
        case when edge_type = 'transform' then 2.04 else 1.02 end as most,
        cast(sum({{ as_decimal('volume_ml') }}) as {{ type_of('number') }}) as volume_ml
    from {{ ref('product_edge') }}
    where parent_table = 'product' and edge_type in ('split', 'sample', 'pool', 'transform') and volume_ml is not null
    group by parent_key, case when edge_type = 'transform' then 2.04 else 1.02 end
)

select distinct
    'R11' as rule_id,
    'flag' as effect,
    'product' as table_name,
    product.product_id as row_key,
    concerned.journey_id,
    concerned.subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'volume_ml' as column_name,
    product.component_id
from given
inner join {{ ref('product') }} as product on given.product_id = product.product_id
left join {{ ref('int_product__held') }} as held on given.product_id = held.product_id
left join {{ ref('int_product__concerned') }} as concerned on product.product_id = concerned.product_id
where given.volume_ml > coalesce(held.volume_ml, product.volume_ml) * given.most
