{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__specimen__specimen') }},
    specimen_id,
    accession,
    patient,
    {{ mapped('landed.status', 'specimen_status') }} as status,
    type_code,
    type_code_system,
    {{ first_time('collected', 'collected_start', 'collected') }},
    {{ landed_time('received') }},
    parent as parent_specimen,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'specimen__specimen') }} as landed
