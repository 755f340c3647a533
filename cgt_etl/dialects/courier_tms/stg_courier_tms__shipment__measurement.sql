{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key',
    'delivered_at_utc', 'delivered_local', 'delivered_date', 'delivered_precision', 'delivered_zone_source',
] -%}

with stated as (
    {{- unpivot_measurements(ref('stg_courier_tms__shipment'), measurement_columns('courier_tms', 'shipment'), kept) }}
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
    false as is_anonymous,
    stated.measurement,
    {{ canonical_measurement() }},
    stated.method,
    stated.comparator,
    stated.value_raw,
    stated.unit_raw,
    'final' as status,
    -- of the whole way, known when it ends
    {{ time_from_instant('delivered', 'occurred', 'stated') }},
    {{ unstated('measurement', [
        'is_anonymous', 'measurement', 'specimen', 'value', 'unit', 'value_status', 'method', 'comparator', 'value_raw', 'unit_raw', 'status',
        'occurred',
    ]) }}
from stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
