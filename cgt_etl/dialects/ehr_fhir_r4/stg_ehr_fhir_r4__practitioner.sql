{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__practitioner__practitioner') }},
    practitioner,
    active as is_active,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'practitioner__practitioner') }}
