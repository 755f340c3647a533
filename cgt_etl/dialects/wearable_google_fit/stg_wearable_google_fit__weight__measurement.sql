{%- set stated = [
    'subject_token', 'subject_role', 'is_anonymous', 'measurement', 'specimen', 'method', 'value_raw', 'unit_raw', 'value', 'unit', 'value_status',
    'status', 'occurred',
] -%}
{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key', 'account',
    'started_at_utc', 'started_local', 'started_date', 'started_precision', 'started_zone_source',
] -%}

with stated as (
    {{- unpivot_measurements(ref('stg_wearable_google_fit__weight'), measurement_columns('wearable_google_fit', 'weight'), kept) }}
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
    stated.account as subject_token,
    'patient' as subject_role,
    -- of a document that no collector wrapped, nobody knows whose it is
    false as is_anonymous,
    stated.measurement,
    {{ canonical_measurement() }},
    stated.method,
    stated.value_raw,
    stated.unit_raw,
    'final' as status,
    {{ time_from_instant('started', 'occurred', 'stated') }},
    {{ unstated('measurement', stated) }}
from stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
