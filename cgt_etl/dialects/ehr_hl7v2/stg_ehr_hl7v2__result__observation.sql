{{ config(materialized='view') }}

select
    {{ landed_columns('ehr_hl7v2__result__observation') }},
    code,
    display,
    code_system,
    alternate_code,
    alternate_code_system,
    loinc,
    loinc_display,
    {{ mapped('landed.code', 'laboratory_test') }} as local_measurement,
    value_type,
    value,
    value__comparator,
    value__raw,
    value__status,
    unit,
    -- answers of a flowsheet mean something by their question alone
    {{ mapped("landed.code || ':' || landed.value_code", 'toxicity_finding') }} as toxicity_finding_code,
    value_code,
    value_code_system,
    specimen_id,
    {{ mapped('landed.status', 'hl7_result_status') }} as status_code,
    -- the result's own time where it is said, else that of its order
    {{ first_time('observed', 'order_collected', 'occurred') }}
from {{ source('ehr_hl7v2', 'result__observation') }} as landed
