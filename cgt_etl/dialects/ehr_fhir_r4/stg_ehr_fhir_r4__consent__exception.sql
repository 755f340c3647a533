{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__consent__exception') }},
    exception_type,
    purpose
from {{ source('ehr_fhir_r4', 'consent__exception') }}
