{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_fhir_r4__procedure__procedure') }},
    procedure_id,
    patient,
    coi,
    din,
    order_id as order_ref,
    {{ mapped('landed.status', 'procedure_status') }} as status,
    coalesce(snomed, local_code) as code,
    case when snomed is not null then 'snomed' when local_code is not null then 'local' end as code_system,
    {{ mapped('landed.local_code', 'procedure_kind') }} as procedure_kind_code,
    {{ mapped('landed.local_code', 'oos_pathway') }} as oos_pathway_code,
    display as code_display,
    {{ mapped('landed.product', 'product') }} as product_name_code,
    {{ first_time('performed', 'performed_start', 'started') }},
    -- a procedure with one instant has no end of its own
    {{ landed_time('performed_end') }},
    encounter as encounter_reference,
    {{ landed_time('last_updated') }}
from {{ source('ehr_fhir_r4', 'procedure__procedure') }} as landed
