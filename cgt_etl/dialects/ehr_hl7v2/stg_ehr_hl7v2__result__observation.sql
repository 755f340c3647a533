{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_hl7v2__result__observation') }},
    code,
    display,
    case when code_system = 'LN' then code end as loinc,
    {{ mapped('landed.code', 'laboratory_test') }} as local_measurement,
    value_type,
    value,
    value__comparator,
    value__raw,
    value__status,
    unit,
    {{ mapped('landed.status', 'hl7_result_status') }} as status_code,
    -- the result's own time where it is said, else that of its order
    {{ first_time('observed', 'order_collected', 'occurred') }}
from {{ source('ehr_hl7v2', 'result__observation') }} as landed
