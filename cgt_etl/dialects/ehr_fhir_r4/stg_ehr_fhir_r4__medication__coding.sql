{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__medication__coding') }},
    code_system,
    code,
    display
from {{ source('ehr_fhir_r4', 'medication__coding') }}
