{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_hl7v2__patient__patient') }},
    patient_number,
    merged_number,
    mrn,
    internal_id,
    event,
    linked_mrn,
    linked_internal_id,
    crid,
    {{ landed_time('sent') }},
    birth_date_date,
    birth_date_precision,
    {{ mapped('landed.sex', 'hl7_sex') }} as sex_code,
    {{ landed_time('deceased') }},
    is_deceased
from {{ source('ehr_hl7v2', 'patient__patient') }} as landed
