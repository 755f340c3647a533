{%- set identifiers = [('donor_grid', 'donor'), ('patient_mrn', 'patient')] -%}

{%- for column, role in identifiers %}
select
    {{ fact_columns(column) }},
    {{ column }} as identifier_token,
    '{{ role }}' as subject_role,
    {{ time_from_instant('started', 'valid_from') }},
    {{ unstated('subject_identifier', ['identifier_token', 'subject_role', 'valid_from']) }}
from {{ ref('stg_becs_eu__apheresis') }}
where {{ column }} is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
