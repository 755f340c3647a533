{%- set identifiers = [('grid', 'donor'), ('crid', 'patient')] -%}

{%- for column, role in identifiers %}
select
    {{ fact_columns(column) }},
    {{ column }} as identifier_token,
    '{{ role }}' as subject_role,
    {{ time_from_date('requested', 'valid_from') }},
    {{ unstated('subject_identifier', ['identifier_token', 'subject_role', 'valid_from']) }}
from {{ ref('stg_donor_registry__request') }}
where {{ column }} is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
