{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__consent__purpose') }},
    code,
    code_system
from {{ source('ehr_fhir_r4', 'consent__purpose') }}
