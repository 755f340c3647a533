{{ config(materialized='view') }}

with landed as (
    select
        {{ landed_columns('qc_coa__certificate__line') }},
        {{ mapped('line.test', 'coa_test') }} as measurement,
        {{ mapped('line.method', 'coa_method') }} as method,
        {{ mapped('line.method', 'coa_basis') }} as basis,
        {{ mapped('line.limits', 'coa_limit') }} as limit_code,
        limits__lower,
        limits__upper,
        limits__is_inclusive,
        limits__unit,
        limits__status,
        result,
        result__comparator,
        result__raw,
        result__status,
        {{ mapped('line.verdict', 'coa_verdict') }} as verdict_code
    from {{ source('qc_coa', 'certificate__line') }} as line
)

select
    landed.*,
    -- the form prints no unit with a result: each test has one
    {{ mapped('landed.measurement', 'coa_unit') }} as result_unit,
    -- `ND` is not detected in assays of which the laboratory says so; of another it may be not done. `Conforms` says what the limit in
    -- words says, and nothing beside none
    case
        when landed.result__status = 'nd' then coalesce({{ mapped('landed.measurement', 'coa_not_detected') }}, 'nd')
        when landed.result__status = 'conforms' then coalesce(landed.limit_code, 'conforms')
        else landed.result__status
    end as meaning,
    landed.result__status = 'no_growth_to_date' or coalesce(landed.verdict_code, '') = 'pending' as is_preliminary
from landed
