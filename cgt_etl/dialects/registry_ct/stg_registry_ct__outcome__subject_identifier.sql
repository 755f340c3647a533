{%- for column in ['crid', 'coi'] %}
select
    {{ fact_columns(column) }},
    {{ column }} as identifier_token,
    'patient' as subject_role,
    {{ no_time(['valid_from', 'valid_to']) }},
    {{ nulls('text', ['link_type', 'other_identifier_token']) }}
from {{ ref('stg_registry_ct__outcome') }}
where {{ column }} is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
