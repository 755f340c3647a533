{%- set identifiers = [('donor_no', 'donor'), ('patient_mrn', 'patient'), ('coi', 'patient')] -%}

{%- for column, role in identifiers %}
select
    {{ fact_columns(column) }},
    {{ column }} as identifier_token,
    '{{ role }}' as subject_role,
    {{ time_from_instant('started', 'valid_from') }},
    {{ no_time(['valid_to']) }},
    {{ nulls('text', ['link_type', 'other_identifier_token']) }}
from {{ ref('stg_becs_us__apheresis') }}
where {{ column }} is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
