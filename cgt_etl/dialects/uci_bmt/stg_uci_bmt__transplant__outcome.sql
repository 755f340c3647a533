{#- fact, outcome_type, value (days from transplantation), value_code, value_status, is_censored, days of onset, when it is stated -#}
{%- set number_null = 'cast(null as ' ~ type_of('number') ~ ')' -%}
{%- set boolean_null = 'cast(null as ' ~ type_of('boolean') ~ ')' -%}
{%- set text_null = 'cast(null as ' ~ type_of('text') ~ ')' -%}
{%- set yes_no = "case when {0} then 'yes' when not {0} then 'no' end" -%}
{%- set outcomes = [
    ('neutrophil_engraftment', 'neutrophil_engraftment', 'anc_recovery', text_null, 'anc_recovery__status',
        "anc_recovery__status = 'never'", 'anc_recovery', is_stated('anc_recovery__status')),
    ('platelet_engraftment', 'platelet_engraftment', 'plt_recovery', text_null, 'plt_recovery__status',
        "plt_recovery__status = 'never'", 'plt_recovery', is_stated('plt_recovery__status')),
    ('acute_gvhd_2_to_4', 'acute_gvhd', number_null, yes_no.format('has_acute_gvhd_2_to_4'), 'acute_gvhd_2_to_4_status',
        boolean_null, number_null, is_stated('acute_gvhd_2_to_4_status')),
    ('acute_gvhd_3_to_4', 'acute_gvhd_3_to_4', 'acute_gvhd_3_to_4_day', yes_no.format('has_acute_gvhd_3_to_4'), 'acute_gvhd_3_to_4_status',
        'not has_acute_gvhd_3_to_4', 'acute_gvhd_3_to_4_day', is_stated('acute_gvhd_3_to_4_status')),
    ('chronic_gvhd', 'chronic_gvhd', number_null, yes_no.format('has_extensive_chronic_gvhd'), 'extensive_chronic_gvhd_status',
        boolean_null, number_null, is_stated('extensive_chronic_gvhd_status')),
    ('relapse', 'relapse', number_null, yes_no.format('has_relapse'), 'relapse_status', boolean_null, number_null, is_stated('relapse_status')),
    ('survival', 'survival', 'survival_time', 'survival_code', 'survival_code_status', "survival_code = 'alive'", 'survival_time',
        is_stated('survival_code_status')),
] -%}

{%- for fact, outcome_type, value, value_code, value_status, is_censored, days, is_said in outcomes %}
select
    {{ fact_columns(fact) }},
    {{ nulls('text', ['subject_token', 'coi_token']) }},
    'patient' as subject_role,
    true as is_anonymous,
    '{{ outcome_type }}' as outcome_type,
    {{ nulls('text', ['scale_code']) }},
    {{ nulls('integer', ['grade']) }},
    {{ value_code }} as value_code,
    {{ value }} as value,
    case when {{ value }} is not null then 'd' end as unit,
    {{ value_status }} as value_status,
    {{ no_time(['onset', 'offset', 'assessed']) }},
    {{ days }} as days_from_administration,
    {{ is_censored }} as is_censored,
    {{ nulls('text', ['batch_token']) }}
from {{ ref('stg_uci_bmt__transplant') }}
where {{ is_said }}
{{ 'union all' if not loop.last }}
{%- endfor %}
