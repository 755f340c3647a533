{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__biologically_derived_product__storage') }},
    temperature,
    scale,
    {{ landed_time('started') }},
    {{ landed_time('ended') }}
from {{ source('ehr_fhir_r4', 'biologically_derived_product__storage') }}
