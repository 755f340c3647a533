select
    {{ fact_columns('recipient') }},
    crid as subject_token,
    'patient' as subject_role,
    false as is_anonymous,
    {{ unstated('subject_fact', ['subject_token', 'subject_role', 'is_anonymous']) }}
from {{ ref('stg_cord_bank__shipment') }}
where crid is not null
