select
    {{ fact_columns('recipient') }},
    patient_mrn as subject_token,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ nulls('date', ['birth_date']) }},
    {{ nulls('text', ['birth_precision']) }},
    {{ nulls('integer', ['birth_year']) }},
    {{ nulls('number', ['stated_age_years']) }},
    {{ nulls('text', ['sex_code', 'abo_code', 'rh_code']) }},
    {{ no_time(['deceased']) }},
    {{ nulls('boolean', ['is_deceased']) }}
from {{ ref('stg_becs_us__apheresis') }}
where is_autologous

union all

select
    {{ fact_columns('donor') }},
    donor_no as subject_token,
    {{ nulls('text', ['coi_token']) }},
    'donor' as subject_role,
    false as is_anonymous,
    {{ nulls('date', ['birth_date']) }},
    {{ nulls('text', ['birth_precision']) }},
    {{ nulls('integer', ['birth_year']) }},
    {{ nulls('number', ['stated_age_years']) }},
    {{ nulls('text', ['sex_code', 'abo_code', 'rh_code']) }},
    {{ no_time(['deceased']) }},
    {{ nulls('boolean', ['is_deceased']) }}
from {{ ref('stg_becs_us__apheresis') }}
where donor_no is not null
