{{ config(materialized='ephemeral') }}

-- What a bag held when it came to be, by the one step that made it; of a pool all that its parts gave. Of a bag that two kinds of steps
-- claim to have made, or of which a part is not said, nothing; cells of one analyte, counted in one way.
select
    child_key as product_id,
    {{ complete_sum('volume_ml') }} as volume_ml,
    case when count(distinct analyte) = 1 and count(distinct coalesce(method, '')) = 1 then {{ complete_sum('cell_count_10_6') }} end
        as cell_count_10_6,
    min(analyte) as analyte,
    min(method) as method
from {{ ref('product_edge') }}
where child_table = 'product'
group by child_key
having count(distinct edge_type) = 1 and (min(edge_type) = 'pool' or count(*) = 1)
