{%- set persons = [('recipient', 'patient_mrn', 'patient'), ('donor', 'donor_grid', 'donor')] -%}

{%- for fact, column, role in persons %}
select
    {{ fact_columns(fact) }},
    {{ column }} as subject_token,
    '{{ role }}' as subject_role,
    false as is_anonymous,
    {{ unstated('subject_fact', ['subject_token', 'subject_role', 'is_anonymous']) }}
from {{ ref('stg_becs_eu__apheresis') }}
where {{ column }} is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
