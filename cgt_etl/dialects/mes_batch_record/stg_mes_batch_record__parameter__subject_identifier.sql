select
    {{ fact_columns('coi') }},
    coi as identifier_token,
    'patient' as subject_role,
    {{ unstated('subject_identifier', ['identifier_token', 'subject_role']) }}
from {{ ref('stg_mes_batch_record__parameter') }}
where coi is not null
