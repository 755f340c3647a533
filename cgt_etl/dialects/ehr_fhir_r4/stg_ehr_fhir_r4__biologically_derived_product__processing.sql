{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__biologically_derived_product__processing') }},
    code,
    code_system,
    {{ first_time('performed', 'performed_start', 'performed') }}
from {{ source('ehr_fhir_r4', 'biologically_derived_product__processing') }}
