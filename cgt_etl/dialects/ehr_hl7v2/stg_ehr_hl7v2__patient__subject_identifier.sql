{%- for column in ['mrn', 'internal_id', 'crid'] %}
select
    {{ fact_columns(column) }},
    {{ column }} as identifier_token,
    'patient' as subject_role,
    {{ unstated('subject_identifier', ['identifier_token', 'subject_role']) }}
from {{ ref('stg_ehr_hl7v2__patient') }}
where {{ column }} is not null

union all
{%- endfor %}
{#- a merge is a row of its own, so that it can be taken back #}
{%- for merged, stays in [('merged_mrn', 'replaced_by'), ('merged_internal_id', 'internal_id_replaced_by')] %}

select
    {{ fact_columns(stays) }},
    {{ merged }} as identifier_token,
    'patient' as subject_role,
    {{ no_time(['valid_from']) }},
    {{ time_from_instant('occurred', 'valid_to') }},
    'replaced_by' as link_type,
    {{ stays }} as other_identifier_token
from {{ ref('stg_ehr_hl7v2__patient__merge') }}
where {{ merged }} <> {{ stays }}
{{ 'union all' if not loop.last }}
{%- endfor %}
