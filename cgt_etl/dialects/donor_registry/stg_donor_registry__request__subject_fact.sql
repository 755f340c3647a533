select
    {{ fact_columns('recipient') }},
    crid as subject_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ unstated('subject_fact', ['subject_token', 'subject_role', 'is_anonymous']) }}
from {{ ref('stg_donor_registry__request') }}
where crid is not null

union all

select
    {{ fact_columns('donor') }},
    grid as subject_token,
    'donor' as subject_role,
    false as is_anonymous,
    {{ nulls('text', ['coi_token']) }},
    {{ nulls('date', ['birth_date']) }},
    {{ nulls('text', ['birth_precision']) }},
    {{ nulls('integer', ['birth_year']) }},
    cast(donor_age_years as {{ type_of('number') }}) as stated_age_years,
    donor_sex_code as sex_code,
    donor_abo_code as abo_code,
    donor_rh_code as rh_code,
    {{ no_time(['deceased']) }},
    {{ nulls('boolean', ['is_deceased']) }}
from {{ ref('stg_donor_registry__request') }}
where grid is not null
