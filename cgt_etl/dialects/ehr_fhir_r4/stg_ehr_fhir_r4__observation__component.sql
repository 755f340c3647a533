{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__observation__component') }},
    observation_id,
    loinc,
    display as code_display,
    value,
    coalesce(value__comparator, {{ mapped('landed.comparator', 'comparator') }}) as comparator,
    value__raw,
    value__status,
    coalesce(unit_code, unit) as unit_raw
from {{ source('ehr_fhir_r4', 'observation__component') }} as landed
