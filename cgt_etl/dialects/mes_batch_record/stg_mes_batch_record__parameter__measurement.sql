{%- set stated = [
    'coi_token', 'subject_role', 'is_anonymous', 'measurement', 'specimen', 'method', 'timepoint', 'comparator', 'value_raw', 'unit_raw',
    'value', 'unit', 'value_status', 'status', 'basis', 'occurred', 'batch_token',
] -%}

select
    {{ fact_columns('value', 'record') }},
    record.coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    record.measurement,
    vocabulary.specimen,
    record.method,
    'in_process' as timepoint,
    record.value__comparator as comparator,
    record.value__raw as value_raw,
    record.unit as unit_raw,
    {{ converted('record.value') }} as value,
    units.canonical_unit as unit,
    case when record.value is not null and units.factor is null then 'unit_unknown' else record.value__status end as value_status,
    'final' as status,
    record.basis,
    {{ time_from_instant('seen', 'occurred', 'record') }},
    record.batch as batch_token,
    {{ unstated('measurement', stated) }}
from {{ ref('stg_mes_batch_record__parameter') }} as record
left join {{ ref('measurements') }} as vocabulary on record.measurement = vocabulary.measurement
left join {{ ref('unit_map') }} as units on record.measurement = units.measurement and record.unit = units.unit
where record.measurement <> 'exception_flag' and {{ is_stated('record.value__status') }}
