select
    {{ fact_columns('crid') }},
    crid as identifier_token,
    'patient' as subject_role,
    {{ unstated('subject_identifier', ['identifier_token', 'subject_role']) }}
from {{ ref('stg_cord_bank__shipment') }}
where crid is not null
