{#
  What a wearable's vendor states of its wearer: the measurement columns of a staged feed as rows of `measurement`.

  `time` is the staged time of the record, an instant or, with `is_day`, a day; `method` a column of the feed in place of the contract's method;
  with `is_zero_unworn` a zero is no value: a day that was not worn is delivered as 0, like one without a step.
#}
{% macro wearable_measurement(dialect, feed, time, is_day=false, method=none, is_zero_unworn=false) -%}
{%- set stated = [
    'subject_token', 'subject_role', 'is_anonymous', 'measurement', 'specimen', 'method', 'value_raw', 'unit_raw', 'value', 'unit', 'value_status',
    'status', 'occurred',
] -%}
{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key', 'account',
    time ~ '_date', time ~ '_local', time ~ '_precision',
] + ([] if is_day else [time ~ '_at_utc', time ~ '_zone_source']) + ([method] if method else []) -%}

with stated as (
    {{- unpivot_measurements(ref('stg_' ~ dialect ~ '__' ~ feed), measurement_columns(dialect, feed), kept) }}
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
    stated.{{ method ~ ' as method' if method else 'method' }},
    stated.value_raw,
    stated.unit_raw,
    'final' as status,
    {{ time_from_date(time, 'occurred', 'stated') if is_day else time_from_instant(time, 'occurred', 'stated') }},
    {{ unstated('measurement', stated) }}
from stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
{%- if is_zero_unworn %}
where stated.value_stated is null or stated.value_stated <> 0
{%- endif %}
{%- endmacro %}

{# Kilocalories of a stated energy, null of another unit; a converted value is rounded to 6 decimals. `Cal` is a kilocalorie. #}
{% macro energy_kcal(value, unit) -%}
    case {{ unit }} when 'kcal' then {{ value }} when 'Cal' then {{ value }} when 'kJ' then round({{ value }} / 4.184, 6) end
{%- endmacro %}

{# Metres of a stated distance, null of another unit; a converted value is rounded to 6 decimals. #}
{% macro distance_m(value, unit) -%}
    case {{ unit }}
        when 'm' then {{ value }}
        when 'km' then round({{ value }} * 1000, 6)
        when 'mi' then round({{ value }} * 1609.344, 6)
        when 'yd' then round({{ value }} * 0.9144, 6)
        when 'ft' then round({{ value }} * 0.3048, 6)
    end
{%- endmacro %}
