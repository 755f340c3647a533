{%- set stated = [
    'attribute', 'version', 'jurisdiction_code', 'lower_limit', 'upper_limit', 'is_inclusive', 'limit_code', 'unit', 'verdict_code',
    'batch_token',
] -%}

select
    {{ fact_columns('limits', 'line') }},
    line.measurement as attribute,
    certificate.specification_version as version,
    certificate.jurisdiction_code,
    {{ converted('line.limits__lower') }} as lower_limit,
    {{ converted('line.limits__upper') }} as upper_limit,
    line.limits__is_inclusive as is_inclusive,
    line.limit_code,
    units.canonical_unit as unit,
    line.verdict_code,
    certificate.batch as batch_token,
    {{ unstated('specification_limit', stated) }}
from {{ ref('stg_qc_coa__certificate__line') }} as line
inner join {{ ref('stg_qc_coa__certificate') }} as certificate
    on line.source_delivery = certificate.source_delivery and line.source_row = certificate.source_row
-- limits that state no unit are in the test's
left join {{ ref('unit_map') }} as units
    on line.measurement = units.measurement and coalesce(line.limits__unit, line.result_unit) = units.unit
where line.measurement is not null
