{{ config(materialized='ephemeral') }}

-- Cells are neither made nor lost by dividing: of one analyte and method, the bags of a split and the samples hold 0.7 to 1.1 of what their
-- parent held; nothing gives more than 1.1 of it. A frozen, enriched or washed bag keeps at least 0.3 (enrichment for one kind of cell and
-- washing after thaw lose the most). A count of the parent said again of each bag is not summed: `product_edge` has it once.
with given as (
    select
        edge.parent_key as product_id,
        case when edge.edge_type in ('split', 'sample') then 'divided' else edge.edge_type end as step,
        max(case when edge.edge_type = 'split' then 1 else 0 end) as is_divided,
        {{ complete_sum('edge.cell_count_10_6') }} as cell_count_10_6,
        min(held.cell_count_10_6) as held_10_6,
        min(case when edge.analyte = held.analyte and coalesce(edge.method, '') = coalesce(held.method, '') then 1 else 0 end)
            as is_comparable
    from {{ ref('product_edge') }} as edge
    inner join {{ ref('int_product__held') }} as held on edge.parent_key = held.product_id
    where edge.parent_table = 'product' and edge.edge_type in ('split', 'sample', 'pool', 'transform', 'wash')
    group by edge.parent_key, case when edge.edge_type in ('split', 'sample') then 'divided' else edge.edge_type end
)

select distinct
    'R12' as rule_id,
    'flag' as effect,
    'product' as table_name,
    product.product_id as row_key,
    concerned.journey_id,
    concerned.subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'cell_count_10_6' as column_name,
    product.component_id
from given
inner join {{ ref('product') }} as product on given.product_id = product.product_id
left join {{ ref('int_product__concerned') }} as concerned on product.product_id = concerned.product_id
where
    given.is_comparable = 1
    and (
        given.cell_count_10_6 > given.held_10_6 * 1.1
        or (given.is_divided = 1 and given.cell_count_10_6 < given.held_10_6 * 0.7)
        or (given.step in ('transform', 'wash') and given.cell_count_10_6 < given.held_10_6 * 0.3)
    )
