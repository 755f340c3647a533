{%- set stated = [
    'is_anonymous', 'measurement', 'specimen', 'value', 'unit', 'value_status', 'replicate', 'value_raw', 'unit_raw', 'status', 'occurred', 'din_token',
] -%}
{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key', 'step',
    'ended_at_utc', 'ended_local', 'ended_date', 'ended_precision', 'ended_zone_source',
] -%}

with stated as (
    {{- unpivot_measurements(ref('stg_freezer_log__freeze_run__step'), measurement_columns('freezer_log', 'freeze_run', 'step'), kept) }}
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
    stated.step as replicate,
    stated.value_raw,
    stated.unit_raw,
    'final' as status,
    {{ time_from_instant('ended', 'occurred', 'stated') }},
    run.din as din_token,
    {{ unstated('measurement', stated) }}
from stated
inner join {{ ref('stg_freezer_log__freeze_run') }} as run
    on stated.source_delivery = run.source_delivery and stated.source_row = run.source_row
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
