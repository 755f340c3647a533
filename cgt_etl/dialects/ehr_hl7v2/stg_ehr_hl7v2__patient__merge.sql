{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_hl7v2__patient__merge') }},
    merged_mrn,
    replaced_by,
    merged_internal_id,
    internal_id_replaced_by,
    {{ landed_time('occurred') }}
from {{ source('ehr_hl7v2', 'patient__merge') }}
