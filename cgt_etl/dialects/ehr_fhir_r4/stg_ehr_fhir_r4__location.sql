{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__location__location') }},
    location_id,
    {{ mapped('landed.status', 'location_status') }} as status,
    name as location_name,
    country as country_code,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'location__location') }} as landed
