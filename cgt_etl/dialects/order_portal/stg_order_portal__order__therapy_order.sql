select
    {{ fact_columns('therapy_order') }},
    order_ref as order_token,
    coi as coi_token,
    product_name_code,
    status_code as status,
    ordered_date as issued_date,
    -- a day that was filled in before the order was cancelled is none yet
    case when status_code = 'cancelled' then cancelled_date end as cancelled_date,
    {{ unstated('therapy_order', ['order_token', 'coi_token', 'product_name_code', 'status', 'issued_date', 'cancelled_date']) }}
from {{ ref('stg_order_portal__order') }}
