{%- for column in ['mrn', 'internal_id'] %}
select
    {{ fact_columns(column) }},
    {{ column }} as identifier_token,
    'patient' as subject_role,
    {{ unstated('subject_identifier', ['identifier_token', 'subject_role']) }}
from {{ ref('stg_ehr_hl7v2__laboratory_order') }}
where {{ column }} is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
