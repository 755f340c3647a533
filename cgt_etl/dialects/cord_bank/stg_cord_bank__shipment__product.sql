select
    {{ fact_columns('product') }},
    din as din_token,
    crid as recipient_token,
    false as is_autologous,
    product_code,
    product_description_code,
    code_division,
    division,
    {{ unstated('product', [
        'din_token', 'recipient_token', 'is_autologous', 'product_code', 'product_description_code', 'code_division', 'division',
    ]) }}
from {{ ref('stg_cord_bank__shipment') }}
