{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_hl7v2__laboratory_order__laboratory_order') }},
    patient_number,
    mrn,
    internal_id,
    order_number,
    control_id,
    {{ landed_time('sent') }},
    birth_date_date,
    birth_date_precision,
    {{ mapped('landed.sex', 'hl7_sex') }} as sex_code
from {{ source('ehr_hl7v2', 'laboratory_order__laboratory_order') }} as landed
