{{ config(materialized='view') }}

select
    {{ landed_columns('order_portal__order__order') }},
    order_ref,
    coi,
    {{ mapped('landed.product', 'product') }} as product_name_code,
    specification_version,
    {{ mapped('landed.market', 'coa_market') }} as jurisdiction_code,
    hold_warning_h,
    hold_limit_h,
    thaw_window_min,
    storage_lower_c,
    storage_upper_c,
    {{ mapped('landed.status', 'portal_order_status') }} as status_code,
    ordered_date,
    ordered_local,
    ordered_precision,
    cancelled_date,
    cancelled_local,
    cancelled_precision
from {{ source('order_portal', 'order__order') }} as landed
