select
    {{ fact_columns('product') }},
    din as din_token,
    donor_no as donor_token,
    patient_mrn as recipient_token,
    coi as coi_token,
    is_autologous,
    product_code,
    product_description_code,
    collection_type_letter,
    code_division,
    division,
    starting_material_state_code as state_code,
    expiry_date,
    {{ time_from_instant('completed', 'created') }}
from {{ ref('stg_becs_us__apheresis') }}
