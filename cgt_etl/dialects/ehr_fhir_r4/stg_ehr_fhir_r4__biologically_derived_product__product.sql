select
    {{ fact_columns('product') }},
    din as din_token,
    donor as donor_token,
    {{ nulls('text', ['recipient_token']) }},
    coi as coi_token,
    -- a chain-of-identity id names an autologous product
    coi is not null as is_autologous,
    product_code,
    product_description_code,
    collection_type_letter,
    code_division,
    coalesce(division, code_division) as division,
    {{ time_from_instant('collected', 'created') }},
    {{ unstated('product', [
        'din_token', 'donor_token', 'recipient_token', 'coi_token', 'is_autologous', 'product_code', 'product_description_code',
        'collection_type_letter', 'code_division', 'division', 'created',
    ]) }}
from {{ ref('stg_ehr_fhir_r4__biologically_derived_product') }}
where din is not null
