{{ config(materialized='ephemeral') }}

-- A probe gave no temperature. Gaps are on the shipment (`gap_min`): whose they are, later records may say otherwise.
select
    'R61' as rule_id,
    'flag' as effect,
    'logger_reading' as table_name,
    logger_id || '|' || {{ text_of('read_at_utc') }} || '|' || probe as row_key,
    cast(null as {{ type_of('text') }}) as journey_id,
    cast(null as {{ type_of('text') }}) as subject_id,
    source_delivery,
    source_row,
    'temperature_c' as column_name,
    component_id
from {{ ref('int_logger_reading__resolved') }}
where value_status = 'sentinel'
