select
    {{ fact_columns('therapy_order') }},
    {{ nulls('text', ['order_token']) }},
    coi as coi_token,
    crid as recipient_token,
    product_name_code,
    {{ nulls('text', ['status']) }}
from {{ ref('stg_registry_ct__outcome') }}
where coi is not null
