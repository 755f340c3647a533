{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_hl7v2__laboratory_order__test') }},
    order_number,
    code,
    display,
    code_system,
    {{ mapped('landed.control', 'hl7_order_control') }} as control_code,
    {{ mapped('landed.order_status', 'hl7_order_status') }} as order_status_code,
    {{ landed_time('ordered') }},
    specimen_id
from {{ source('ehr_hl7v2', 'laboratory_order__test') }} as landed
