select
    {{ fact_columns('recipient') }},
    {{ nulls('text', ['subject_token', 'coi_token']) }},
    'patient' as subject_role,
    true as is_anonymous,
    {{ nulls('date', ['birth_date']) }},
    {{ nulls('text', ['birth_precision']) }},
    {{ nulls('integer', ['birth_year']) }},
    recipient_age_years as stated_age_years,
    recipient_sex_code as sex_code,
    recipient_abo_code as abo_code,
    recipient_rh_code as rh_code,
    {{ no_time(['deceased']) }},
    survival_code = 'dead' as is_deceased
from {{ ref('stg_uci_bmt__transplant') }}

union all

select
    {{ fact_columns('donor') }},
    {{ nulls('text', ['subject_token', 'coi_token']) }},
    'donor' as subject_role,
    true as is_anonymous,
    {{ nulls('date', ['birth_date']) }},
    {{ nulls('text', ['birth_precision']) }},
    {{ nulls('integer', ['birth_year']) }},
    donor_age_years as stated_age_years,
    {{ nulls('text', ['sex_code']) }},
    donor_abo_code as abo_code,
    {{ nulls('text', ['rh_code']) }},
    {{ no_time(['deceased']) }},
    {{ nulls('boolean', ['is_deceased']) }}
from {{ ref('stg_uci_bmt__transplant') }}
