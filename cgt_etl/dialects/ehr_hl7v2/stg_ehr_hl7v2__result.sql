{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_hl7v2__result__result') }},
    patient_number,
    mrn,
    internal_id,
    panel,
    {{ landed_time('collected') }},
    control_id,
    {{ landed_time('sent') }},
    birth_date_date,
    birth_date_precision,
    {{ mapped('landed.sex', 'hl7_sex') }} as sex_code
from {{ source('ehr_hl7v2', 'result__result') }} as landed
