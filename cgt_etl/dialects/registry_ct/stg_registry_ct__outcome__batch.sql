select
    {{ fact_columns('batch') }},
    batch as batch_token,
    coi as coi_token,
    crid as recipient_token,
    product_name_code,
    {{ unstated('batch', ['batch_token', 'coi_token', 'recipient_token', 'product_name_code']) }}
from {{ ref('stg_registry_ct__outcome') }}
where batch is not null
