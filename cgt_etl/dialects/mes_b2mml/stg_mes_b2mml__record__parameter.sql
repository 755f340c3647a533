{{ config(materialized='view') }}

with parameter as (
    select
        {{ landed_columns('mes_b2mml__record__parameter') }},
        batch,
        {{ batch_parameter() }},
        equipment,
        {{ landed_time('seen') }}
    from {{ source('mes_b2mml', 'record__parameter') }} as landed
)

select
    parameter.source_delivery,
    parameter.source_row,
    parameter.source_item,
    parameter.source_object,
    parameter.party_id,
    parameter.site_id,
    parameter.sequence,
    parameter.record_key,
    parameter.batch,
    record.coi,
    record.rework_of,
    record.process_version,
    parameter.unit_operation,
    parameter.event_type,
    parameter.measurement,
    parameter.culture_day,
    parameter.method,
    parameter.basis,
    parameter.value,
    parameter.value__comparator,
    parameter.value__raw,
    parameter.value__status,
    parameter.unit,
    parameter.equipment,
    {{ landed_time('seen', 'parameter') }},
    -- both are told of the batch, by its record
    {{ nulls('text', ['vector_lot', 'status_code']) }}
from parameter
inner join {{ ref('stg_mes_b2mml__record') }} as record
    on parameter.source_delivery = record.source_delivery and parameter.source_row = record.source_row
