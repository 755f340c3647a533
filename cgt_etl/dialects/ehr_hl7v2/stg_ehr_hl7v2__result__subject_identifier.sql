select
    {{ fact_columns('mrn') }},
    mrn as identifier_token,
    'patient' as subject_role,
    {{ unstated('subject_identifier', ['identifier_token', 'subject_role']) }}
from {{ ref('stg_ehr_hl7v2__result') }}
