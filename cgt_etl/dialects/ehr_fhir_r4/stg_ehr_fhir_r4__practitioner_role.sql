{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__practitioner_role__practitioner_role') }},
    practitioner_role_id,
    specialty as specialty_code,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'practitioner_role__practitioner_role') }}
