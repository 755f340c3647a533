{%- set identifiers = [
    ('grid', 'donor', time_from_instant('collected', 'valid_from')),
    ('infant_no', 'donor', time_from_instant('collected', 'valid_from')),
    ('reserved_crid', 'patient', no_time(['valid_from'])),
] -%}

{%- for column, role, valid_from in identifiers %}
select
    {{ fact_columns(column) }},
    {{ column }} as identifier_token,
    '{{ role }}' as subject_role,
    {{ valid_from }},
    {{ unstated('subject_identifier', ['identifier_token', 'subject_role', 'valid_from']) }}
from {{ ref('stg_cord_bank__unit') }}
where {{ column }} is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
