select
    {{ fact_columns('recipient') }},
    reserved_crid as subject_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ unstated('subject_fact', ['subject_token', 'subject_role', 'is_anonymous']) }}
from {{ ref('stg_cord_bank__unit') }}
where reserved_crid is not null

union all

-- the infant was born on the day of the collection; the bank does not say so in words, and no birth date is made of it
select
    {{ fact_columns('donor') }},
    donor as subject_token,
    'donor' as subject_role,
    false as is_anonymous,
    {{ nulls('text', ['coi_token']) }},
    {{ nulls('date', ['birth_date']) }},
    {{ nulls('text', ['birth_precision']) }},
    {{ nulls('integer', ['birth_year']) }},
    {{ nulls('number', ['stated_age_years']) }},
    infant_sex_code as sex_code,
    abo_code,
    rh_code,
    {{ no_time(['deceased']) }},
    {{ nulls('boolean', ['is_deceased']) }}
from {{ ref('stg_cord_bank__unit') }}
where donor is not null
