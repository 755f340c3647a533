{%- set columns = measurement_columns('courier_logger', 'reading') -%}
{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key', 'logger', 'read_at_utc',
    'read_local', 'read_date', 'read_precision', 'read_zone_source', 'event_code',
] -%}

with stated as (
    {{ unpivot_measurements(ref('stg_courier_logger__reading'), columns, kept) }}
)

select
    stated.source_delivery,
    stated.source_row,
    stated.source_item,
    stated.source_object,
    stated.fact,
    stated.party_id,
    stated.site_id,
    stated.sequence,
    stated.record_key,
    stated.logger as logger_token,
    stated.fact as probe,
    {{ landed_time('read', 'stated') }},
    {{ converted('stated.value_stated') }} as temperature_c,
    stated.value_status,
    stated.event_code
from stated
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
