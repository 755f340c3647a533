{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_hl7v2__laboratory_order__specimen') }},
    specimen_id,
    specimen_type,
    {{ landed_time('collected') }},
    {{ landed_time('received') }}
from {{ source('ehr_hl7v2', 'laboratory_order__specimen') }}
