{%- set stated = [
    'is_anonymous', 'measurement', 'specimen', 'method', 'comparator', 'value_raw', 'unit_raw', 'value', 'unit', 'value_status', 'status',
    'occurred', 'recorded',
] -%}
{#- column, what it is of the readings since the last report -#}
{%- set columns = [('value', none), ('min_value', 'minimum'), ('max_value', 'maximum')] -%}

with report as (
    {%- for column, statistic in columns %}
    select
        {{ fact_columns(column, 'report') }},
        {{ text_literal(statistic) }} as method,
        report.{{ column }} as value_stated,
        report.{{ column }}__raw as value_raw,
        report.{{ column }}__status as value_status,
        report.uom,
        {{ landed_time('occurred', 'said') }},
        {{ landed_time('recorded', 'said') }}
    from {{ ref('stg_courier_epcis__epcis__temperature') }} as report
    inner join {{ ref('stg_courier_epcis__epcis') }} as said
        on report.source_delivery = said.source_delivery and report.source_row = said.source_row
    where {{ is_stated('report.' ~ column ~ '__status') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    report.source_delivery,
    report.source_row,
    report.source_item,
    report.source_object,
    report.fact,
    report.party_id,
    report.site_id,
    report.sequence,
    report.record_key,
    false as is_anonymous,
    'logger_temp' as measurement,
    'shipper' as specimen,
    report.method,
    {{ nulls('text', ['comparator']) }},
    report.value_raw,
    report.uom as unit_raw,
    {{ converted('report.value_stated') }} as value,
    units.canonical_unit as unit,
    case when units.factor is null then 'unit_unknown' else report.value_status end as value_status,
    'final' as status,
    {{ landed_time('occurred', 'report') }},
    {{ landed_time('recorded', 'report') }},
    {{ unstated('measurement', stated) }}
from report
left join {{ ref('unit_map') }} as units on units.measurement = 'logger_temp' and report.uom = units.unit
