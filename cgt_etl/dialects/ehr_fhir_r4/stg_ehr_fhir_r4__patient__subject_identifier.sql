{%- for column in ['patient', 'mrn', 'crid', 'coi'] %}
select
    {{ fact_columns(column) }},
    {{ column }} as identifier_token,
    'patient' as subject_role,
    {{ no_time(['valid_from', 'valid_to']) }},
    {{ nulls('text', ['link_type', 'other_identifier_token']) }}
from {{ ref('stg_ehr_fhir_r4__patient') }}
where {{ column }} is not null

union all
{%- endfor %}

-- a merge is a row of its own, so that it can be taken back
select
    {{ fact_columns('replaced_by') }},
    patient as identifier_token,
    'patient' as subject_role,
    {{ no_time(['valid_from']) }},
    {{ time_from_instant('last_updated', 'valid_to') }},
    'replaced_by' as link_type,
    replaced_by as other_identifier_token
from {{ ref('stg_ehr_fhir_r4__patient') }}
where replaced_by is not null
