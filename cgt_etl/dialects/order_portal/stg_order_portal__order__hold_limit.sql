select
    {{ fact_columns('hold_limit') }},
    product_name_code,
    specification_version as version,
    jurisdiction_code,
    hold_warning_h,
    hold_limit_h
from {{ ref('stg_order_portal__order') }}
where hold_warning_h is not null or hold_limit_h is not null
