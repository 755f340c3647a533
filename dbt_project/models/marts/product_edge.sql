{{ config(pre_hook="{{ delete_touched() }}") }}

with told as (
    select
        *,
        row_number() over (
            partition by parent_key, child_key, edge_type
            order by case when cell_count_10_6 is null then 1 else 0 end, case when volume_ml is null then 1 else 0 end, statement_id
        ) as rank_no
    from {{ ref('int_product_edge__told') }}
    where {{ only_touched() }}
),

edge as (
    select
        min(parent_table) as parent_table,
        parent_key,
        min(child_table) as child_table,
        child_key,
        edge_type,
        {{ first_said('volume_ml') }} as volume_ml,
        max(case when rank_no = 1 then cell_count_10_6 end) as cell_count_10_6,
        max(case when rank_no = 1 then analyte end) as analyte,
        max(case when rank_no = 1 then method end) as method,
        min(component_id) as component_id
    from told
    group by parent_key, child_key, edge_type
),

-- T cells that the record of a collection counted in its bag
counted as (
    select
        product_id,
        {{ first_said('value', 'measurement_statement_id') }} * 1000 as cell_count_10_6,
        {{ first_said('case when value is not null then method end', 'measurement_statement_id') }} as method
    from {{ ref('int_measurement__resolved') }}
    where measurement = 'product_cd3_total' and product_id is not null and comparator is null and {{ stands('status') }}
    group by product_id
),

whole as (
    select
        edge.parent_table,
        edge.parent_key,
        edge.child_table,
        edge.child_key,
        edge.edge_type,
        coalesce(edge.volume_ml, product.volume_ml) as volume_ml,
        coalesce(edge.cell_count_10_6, counted.cell_count_10_6) as cell_count_10_6,
        case when edge.cell_count_10_6 is null and counted.cell_count_10_6 is not null then 'cd3' else edge.analyte end as analyte,
        case when edge.cell_count_10_6 is null and counted.cell_count_10_6 is not null then counted.method else edge.method end as method,
        edge.component_id
    from edge
    left join {{ ref('product') }} as product on edge.child_key = product.product_id and edge.edge_type = 'create'
    left join counted on edge.child_key = counted.product_id and edge.edge_type = 'create'
),

-- a count of the parent, said again of each bag that was made of it
repeated as (
    select
        part.parent_key,
        part.edge_type
    from whole as part
    inner join whole as into_parent
        on
            part.parent_key = into_parent.child_key
            and part.cell_count_10_6 = into_parent.cell_count_10_6
            and part.analyte = into_parent.analyte
    where part.edge_type in ('split', 'sample')
    group by part.parent_key, part.edge_type
    having count(distinct part.child_key) > 1
)

select
    whole.parent_table,
    whole.parent_key,
    whole.child_table,
    whole.child_key,
    whole.edge_type,
    whole.volume_ml,
    case when repeated.parent_key is null then whole.cell_count_10_6 end as cell_count_10_6,
    case when repeated.parent_key is null then whole.analyte end as analyte,
    case when repeated.parent_key is null then whole.method end as method,
    whole.component_id
from whole
left join repeated on whole.parent_key = repeated.parent_key and whole.edge_type = repeated.edge_type
