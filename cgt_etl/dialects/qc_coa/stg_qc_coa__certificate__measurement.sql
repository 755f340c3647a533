{%- set stated = [
    'coi_token', 'subject_role', 'is_anonymous', 'measurement', 'specimen', 'method', 'timepoint', 'comparator', 'value_raw', 'unit_raw',
    'value', 'unit', 'value_code', 'value_status', 'status', 'basis', 'occurred', 'recorded', 'batch_token', 'lot_token',
] -%}

with line as (
    select
        said.*,
        -- `ND` and `Conforms` of which nobody says what they mean are no result
        vocabulary.value_type = 'qualitative' and said.result is null and said.meaning not in ('nd', 'conforms') as is_in_words
    from {{ ref('stg_qc_coa__certificate__line') }} as said
    left join {{ ref('measurements') }} as vocabulary on said.measurement = vocabulary.measurement
)

select
    {{ fact_columns('result', 'line') }},
    certificate.coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    line.measurement,
    'DP' as specimen,
    line.method,
    'release' as timepoint,
    line.result__comparator as comparator,
    line.result__raw as value_raw,
    case when line.result is not null then line.result_unit end as unit_raw,
    {{ converted('line.result') }} as value,
    units.canonical_unit as unit,
    case when line.is_in_words then line.meaning end as value_code,
    case
        when line.result is not null and units.factor is null then 'unit_unknown'
        when line.is_in_words then 'ok'
        else line.meaning
    end as value_status,
    case when line.is_preliminary then 'preliminary' else 'final' end as status,
    line.basis,
    {{ time_from_instant('issued', 'occurred', 'certificate') }},
    {{ time_from_instant('issued', 'recorded', 'certificate') }},
    certificate.batch as batch_token,
    certificate.lot as lot_token,
    {{ unstated('measurement', stated) }}
from line
inner join {{ ref('stg_qc_coa__certificate') }} as certificate
    on line.source_delivery = certificate.source_delivery and line.source_row = certificate.source_row
left join {{ ref('unit_map') }} as units on line.measurement = units.measurement and line.result_unit = units.unit
where line.measurement is not null and {{ is_stated('line.result__status') }}
