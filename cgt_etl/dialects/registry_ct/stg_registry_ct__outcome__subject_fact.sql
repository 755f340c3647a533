select
    {{ fact_columns('recipient') }},
    crid as subject_token,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ nulls('date', ['birth_date']) }},
    {{ nulls('text', ['birth_precision']) }},
    {{ nulls('integer', ['birth_year']) }},
    {{ nulls('number', ['stated_age_years']) }},
    {{ nulls('text', ['sex_code', 'abo_code', 'rh_code']) }},
    cast(null as {{ type_of('instant') }}) as deceased_at_utc,
    case when survival_code = 'dead' then lastcontact_local end as deceased_local,
    case when survival_code = 'dead' and lastcontact_precision = 'day' then lastcontact_date end as deceased_date,
    case when survival_code = 'dead' then lastcontact_precision end as deceased_precision,
    case when survival_code = 'dead' and lastcontact_local is not null then 'none' end as deceased_zone_source,
    survival_code = 'dead' as is_deceased
from {{ ref('stg_registry_ct__outcome') }}
