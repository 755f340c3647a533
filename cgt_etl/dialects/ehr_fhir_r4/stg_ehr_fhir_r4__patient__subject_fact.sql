select
    {{ fact_columns('patient') }},
    patient as subject_token,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    case when birth_date_precision = 'day' then birth_date_date end as birth_date,
    birth_date_precision as birth_precision,
    cast(extract(year from birth_date_date) as {{ type_of('integer') }}) as birth_year,
    {{ nulls('number', ['stated_age_years']) }},
    sex_code,
    {{ nulls('text', ['abo_code', 'rh_code']) }},
    {{ time_from_instant('deceased', 'deceased') }},
    is_deceased
from {{ ref('stg_ehr_fhir_r4__patient') }}
