{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__consent__consent') }},
    consent_id,
    patient,
    {{ mapped('landed.status', 'consent_status') }} as status,
    {{ mapped('landed.scope', 'consent_scope') }} as scope_code,
    category as category_code,
    {{ landed_time('given') }},
    policy,
    authority,
    provision_type,
    {{ landed_time('valid_from') }},
    {{ landed_time('valid_to') }},
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'consent__consent') }} as landed
