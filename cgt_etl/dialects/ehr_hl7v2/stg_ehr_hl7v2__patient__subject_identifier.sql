select
    {{ fact_columns('mrn') }},
    mrn as identifier_token,
    'patient' as subject_role,
    {{ unstated('subject_identifier', ['identifier_token', 'subject_role']) }}
from {{ ref('stg_ehr_hl7v2__patient') }}

union all

-- a merge is a row of its own, so that it can be taken back
select
    {{ fact_columns('replaced_by') }},
    merged_mrn as identifier_token,
    'patient' as subject_role,
    {{ no_time(['valid_from']) }},
    {{ time_from_instant('occurred', 'valid_to') }},
    'replaced_by' as link_type,
    replaced_by as other_identifier_token
from {{ ref('stg_ehr_hl7v2__patient__merge') }}
