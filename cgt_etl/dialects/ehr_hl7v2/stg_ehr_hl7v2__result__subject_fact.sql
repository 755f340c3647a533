select
    {{ fact_columns('patient') }},
    coalesce(mrn, internal_id) as subject_token,
    'patient' as subject_role,
    false as is_anonymous,
    case when birth_date_precision = 'day' then birth_date_date end as birth_date,
    birth_date_precision as birth_precision,
    cast(extract(year from birth_date_date) as {{ type_of('integer') }}) as birth_year,
    sex_code,
    {{ unstated('subject_fact', [
        'subject_token', 'subject_role', 'is_anonymous', 'birth_date', 'birth_precision', 'birth_year', 'sex_code',
    ]) }}
from {{ ref('stg_ehr_hl7v2__result') }}
