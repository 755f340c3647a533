select
    {{ fact_columns('therapy_order') }},
    coi as coi_token,
    crid as recipient_token,
    product_name_code,
    {{ unstated('therapy_order', ['coi_token', 'recipient_token', 'product_name_code']) }}
from {{ ref('stg_registry_ct__outcome') }}
where coi is not null
