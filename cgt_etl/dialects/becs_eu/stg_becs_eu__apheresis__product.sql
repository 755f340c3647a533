select
    {{ fact_columns('product') }},
    din as din_token,
    donor_grid as donor_token,
    patient_mrn as recipient_token,
    is_autologous,
    product_code,
    product_description_code,
    collection_type_letter,
    code_division,
    division,
    {{ time_from_instant('completed', 'created') }},
    {{ unstated('product', [
        'din_token', 'donor_token', 'recipient_token', 'is_autologous', 'product_code', 'product_description_code',
        'collection_type_letter', 'code_division', 'division', 'created',
    ]) }}
from {{ ref('stg_becs_eu__apheresis') }}
