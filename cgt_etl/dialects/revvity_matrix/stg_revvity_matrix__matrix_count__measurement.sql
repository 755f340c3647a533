{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key', 'batch',
] -%}

with stated as (
    {{- unpivot_measurements(ref('stg_revvity_matrix__matrix_count'), measurement_columns('revvity_matrix', 'matrix_count'), kept) }}
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
    stated.batch as batch_token,
    {{ unstated('measurement', [
        'is_anonymous', 'measurement', 'specimen', 'value', 'unit', 'value_status', 'method', 'comparator', 'value_raw', 'unit_raw',
        'status', 'batch_token',
    ]) }}
from stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
