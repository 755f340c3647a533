{%- set stated = [
    'is_anonymous', 'measurement', 'specimen', 'value', 'unit', 'value_status', 'method', 'comparator', 'timepoint', 'value_raw', 'unit_raw', 'status',
    'occurred', 'din_token',
] -%}
{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key', 'din',
    'started_at_utc', 'started_local', 'started_date', 'started_precision', 'started_zone_source',
    'completed_at_utc', 'completed_local', 'completed_date', 'completed_precision', 'completed_zone_source',
] -%}

with measured as (
    {{- unpivot_measurements(ref('stg_apheresis_device__run'), measurement_columns('apheresis_device', 'run'), kept) }}
),

-- the device counts the blood that it processed in total blood volumes
stated as (
    select * from measured

    union all

    select
        {{ kept | join(',\n        ') }},
        'processed_tbv' as fact,
        'whole_blood_processed' as measurement,
        {{ nulls('text', ['stated_specimen', 'method', 'timepoint', 'comparator']) }},
        processed_tbv__raw as value_raw,
        'mL' as unit_raw,
        round(processed_tbv * total_blood_volume_ml, 6) as value_stated,
        'ok' as value_status
    from {{ ref('stg_apheresis_device__run') }}
    where processed_tbv is not null and total_blood_volume_ml is not null
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
    stated.timepoint,
    stated.value_raw,
    case when stated.fact = 'processed_tbv' then 'xTBV' else stated.unit_raw end as unit_raw,
    'final' as status,
    -- what was typed before the run held when it began; everything else is known when it ends
    {%- for part in ['at_utc', 'local', 'date', 'precision', 'zone_source'] %}
    case when stated.timepoint = 'pre' then stated.started_{{ part }} else stated.completed_{{ part }} end as occurred_{{ part }},
    {%- endfor %}
    stated.din as din_token,
    {{ unstated('measurement', stated) }}
from stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
