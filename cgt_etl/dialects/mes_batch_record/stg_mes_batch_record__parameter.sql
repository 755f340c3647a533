{{ config(materialized='view') }}

select
    {{ landed_columns('mes_batch_record__parameter__parameter') }},
    -- what and whose
    batch,
    coi,
    vector_lot,
    rework_of,
    -- which step; the parameter's name holds its culture day, its method and its basis
    {{ mapped('landed.unit_operation', 'mes_unit_operation') }} as unit_operation,
    {{ mapped('landed.unit_operation', 'mes_event') }} as event_type,
    {{ mapped('landed.parameter', 'mes_parameter') }} as measurement,
    cast({{ mapped('landed.parameter', 'mes_culture_day') }} as {{ type_of('integer') }}) as culture_day,
    {{ mapped('landed.parameter', 'mes_method') }} as method,
    {{ mapped('landed.parameter', 'mes_basis') }} as basis,
    value,
    value__comparator,
    value__raw,
    value__status,
    unit,
    {{ landed_time('seen') }},
    {{ mapped('landed.status', 'mes_status') }} as status_code
from {{ source('mes_batch_record', 'parameter__parameter') }} as landed
