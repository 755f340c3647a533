{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__patient__patient') }},
    patient,
    mrn,
    crid,
    coi,
    replaced_by,
    replaced,
    see_also,
    birth_date_date,
    birth_date_local,
    birth_date_precision,
    {{ mapped('landed.gender', 'sex') }} as sex_code,
    {{ landed_time('deceased') }},
    (is_deceased or deceased_local is not null) as is_deceased,
    active as is_active,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'patient__patient') }} as landed
