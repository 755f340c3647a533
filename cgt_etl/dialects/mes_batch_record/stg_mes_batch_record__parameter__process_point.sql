select
    {{ fact_columns('value', 'record') }},
    record.batch as batch_token,
    record.unit_operation,
    record.measurement as parameter,
    record.basis as denominator_code,
    record.culture_day,
    {{ converted('record.value') }} as value,
    units.canonical_unit as unit,
    {{ unstated('process_point', [
        'batch_token', 'unit_operation', 'parameter', 'denominator_code', 'culture_day', 'value', 'unit',
    ]) }}
from {{ ref('stg_mes_batch_record__parameter') }} as record
inner join {{ ref('unit_map') }} as units on record.measurement = units.measurement and record.unit = units.unit
-- a censored value is a bound: it stands in the measurements, where its comparator is
where record.value is not null and record.value__comparator is null
