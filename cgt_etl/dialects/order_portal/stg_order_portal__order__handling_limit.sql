select
    {{ fact_columns('handling_limit') }},
    product_name_code,
    specification_version as version,
    jurisdiction_code,
    hold_warning_h,
    hold_limit_h,
    thaw_window_min,
    storage_lower_c,
    storage_upper_c
from {{ ref('stg_order_portal__order') }}
where coalesce(hold_warning_h, hold_limit_h, thaw_window_min, storage_lower_c, storage_upper_c) is not null
