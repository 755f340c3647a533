{#- fact, outcome_type, scale, grade, value_code, value_status, onset column, is_censored, when it is stated -#}
{%- set integer_null = 'cast(null as ' ~ type_of('integer') ~ ')' -%}
{%- set boolean_null = 'cast(null as ' ~ type_of('boolean') ~ ')' -%}
{%- set outcomes = [
    ('crs', 'crs', 'crs_scale_code', 'crs_grade', none, 'crs_status', none, boolean_null, is_stated('crs_status')),
    ('neurotoxicity', 'neurotoxicity', none, 'neurotoxicity_grade', none, 'neurotoxicity_status', none, boolean_null,
        is_stated('neurotoxicity_status')),
    ('response', 'response', 'response_scale_code', integer_null, 'response_code', 'response_status', none, boolean_null,
        is_stated('response_status')),
    ('neutrophil_engraftment', 'neutrophil_engraftment', none, integer_null, none, 'neutrophil_engraftment_status', 'anc500dt',
        boolean_null, is_stated('neutrophil_engraftment_status')),
    ('survival', 'survival', none, integer_null, 'survival_code', 'survival_status', 'lastcontact', "survival_code = 'alive'",
        is_stated('survival_status')),
] -%}

{%- for fact, outcome_type, scale, grade, value_code, value_status, onset, is_censored, is_said in outcomes %}
select
    {{ fact_columns(fact) }},
    crid as subject_token,
    coi as coi_token,
    'patient' as subject_role,
    false as is_anonymous,
    '{{ outcome_type }}' as outcome_type,
    cast({{ scale or 'null' }} as {{ type_of('text') }}) as scale_code,
    {{ grade }} as grade,
    cast({{ value_code or 'null' }} as {{ type_of('text') }}) as value_code,
    {{ nulls('number', ['value']) }},
    {{ nulls('text', ['unit']) }},
    {{ value_status }} as value_status,
    {{ time_from_date(onset, 'onset') if onset else no_time(['onset']) }},
    {{ no_time(['offset', 'assessed']) }},
    {{ nulls('number', ['days_from_administration']) }},
    {{ is_censored }} as is_censored,
    batch as batch_token
from {{ ref('stg_registry_ct__outcome') }}
where {{ is_said }}
{{ 'union all' if not loop.last }}
{%- endfor %}
