{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__medication__ingredient') }},
    code_system,
    code,
    is_active,
    amount,
    amount_unit,
    per_amount,
    per_unit
from {{ source('ehr_fhir_r4', 'medication__ingredient') }}
