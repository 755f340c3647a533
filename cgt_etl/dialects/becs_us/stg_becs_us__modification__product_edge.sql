select
    {{ fact_columns('step') }},
    edge_type,
    source_din as parent_din_token,
    source_product_description_code as parent_product_description_code,
    {{ bag_division('source_code_division', 'source_division') }} as parent_division,
    din as child_din_token,
    product_description_code as child_product_description_code,
    {{ bag_division() }} as child_division,
    volume_ml,
    cd3_e6 as cell_count_10_6,
    case when cd3_e6 is not null then 'cd3' end as analyte,
    case when cd3_e6 is not null then 'flow' end as method,
    {{ unstated('product_edge', [
        'edge_type', 'parent_din_token', 'parent_product_description_code', 'parent_division', 'child_din_token',
        'child_product_description_code', 'child_division', 'volume_ml', 'cell_count_10_6', 'analyte', 'method',
    ]) }}
from {{ ref('stg_becs_us__modification') }}
