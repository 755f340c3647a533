select
    {{ fact_columns('therapy_order') }},
    order_ref as order_token,
    coi as coi_token,
    patient_mrn as recipient_token,
    {{ unstated('therapy_order', ['order_token', 'coi_token', 'recipient_token']) }}
from {{ ref('stg_becs_us__apheresis') }}
where order_ref is not null or coi is not null
