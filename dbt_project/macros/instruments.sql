{#
  What an instrument, a logger or a device states of things and of no person: the measurement columns of a staged feed as rows of `measurement`.

  `time` is the staged instant at which the values hold, none where the export states no time; `batch` the column with the batch's token; `others`
  columns of the feed that are columns of the entity under the same name.
#}
{% macro instrument_measurement(dialect, feed, time=none, batch=none, others=[]) -%}
{%- set stated = [
    'is_anonymous', 'measurement', 'specimen', 'value', 'unit', 'value_status', 'method', 'comparator', 'value_raw', 'unit_raw', 'status',
] + (['occurred'] if time else []) + (['batch_token'] if batch else []) + others -%}
{%- set kept = [
    'source_delivery', 'source_row', 'source_item', 'source_object', 'party_id', 'site_id', 'sequence', 'record_key',
] + ([batch] if batch else []) + others
  + ([time ~ '_at_utc', time ~ '_local', time ~ '_date', time ~ '_precision', time ~ '_zone_source'] if time else []) -%}

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
    false as is_anonymous,
    stated.measurement,
    {{ canonical_measurement() }},
    stated.method,
    stated.comparator,
    stated.value_raw,
    stated.unit_raw,
    'final' as status,
    {%- if time %}
    {{ time_from_instant(time, 'occurred', 'stated') }},
    {%- endif %}
    {%- if batch %}
    stated.{{ batch }} as batch_token,
    {%- endif %}
    {%- for name in others %}
    stated.{{ name }},
    {%- endfor %}
    {{ unstated('measurement', stated) }}
from stated
left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit
{%- endmacro %}

{# The batches that rows of a feed name: they may be named before their manufacturer's record is here. #}
{% macro named_batches(dialect, feed) -%}
select
    {{ fact_columns('batch') }},
    batch as batch_token,
    {{ unstated('batch', ['batch_token']) }}
from {{ ref('stg_' ~ dialect ~ '__' ~ feed) }}
where batch is not null
{%- endmacro %}
