{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key',
    'din', 'product_description_code', 'code_division', 'division',
    'packed_at_utc', 'packed_local', 'packed_date', 'packed_precision', 'packed_zone_source',
] -%}

with stated as (
    {{- unpivot_measurements(ref('stg_cord_bank__shipment'), measurement_columns('cord_bank', 'shipment'), kept) }}
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
    stated.timepoint,
    stated.comparator,
    stated.value_raw,
    stated.unit_raw,
    'final' as status,
    {{ time_from_instant('packed', 'occurred', 'stated') }},
    stated.din as din_token,
    stated.product_description_code,
    {{ bag_division('stated.code_division', 'stated.division') }} as division,
    {{ unstated('measurement', [
        'is_anonymous', 'measurement', 'specimen', 'value', 'unit', 'value_status', 'method', 'timepoint', 'comparator', 'value_raw', 'unit_raw',
        'status', 'occurred', 'din_token', 'product_description_code', 'division',
    ]) }}
from stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
