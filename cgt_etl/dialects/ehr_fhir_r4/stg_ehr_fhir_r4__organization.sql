{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__organization__organization') }},
    organization_id,
    active as is_active,
    type as type_code,
    name as organization_name,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'organization__organization') }}
