select
    {{ fact_columns('product') }},
    din as din_token,
    donor as donor_token,
    reserved_crid as recipient_token,
    false as is_autologous,
    product_code,
    product_description_code,
    collection_type_letter,
    code_division,
    division,
    state_code,
    {{ time_from_instant('frozen', 'created') }},
    {{ unstated('product', [
        'din_token', 'donor_token', 'recipient_token', 'is_autologous', 'product_code', 'product_description_code',
        'collection_type_letter', 'code_division', 'division', 'state_code', 'created',
    ]) }}
from {{ ref('stg_cord_bank__unit') }}
