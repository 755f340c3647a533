{%- for column in ['user_id', 'mrn'] %}
select
    {{ fact_columns(column) }},
    {{ column }} as identifier_token,
    'patient' as subject_role,
    {{ time_from_date('enrolled_on', 'valid_from') }},
    {{ no_time(['valid_to']) }},
    {{ nulls('text', ['link_type', 'other_identifier_token']) }}
from {{ ref('stg_wearable_csv__enrolment') }}
where {{ column }} is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
