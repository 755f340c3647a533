{#
  Consensus grading of cytokine release syndrome (CRS) and of immune effector cell-associated neurotoxicity (ICANS) by the American Society for
  Transplantation and Cellular Therapy: Lee et al. 2019, Biol Blood Marrow Transplant 25:625-638, tables 2, 4 and 5. A grade is the highest
  that one of its parts gives; what each finding gives is said here once. Grades of other scales (Lee 2014, Penn, CARTOX, CTCAE) are never made.
#}

{# Parts with coded findings: part -> its scale, and the grade that each finding gives. Vasopressin does not count among `multiple`. #}
{% macro astct_findings() %}
    {{ return({
        'hypotension_support': {'scale': 'crs', 'grades': {
            'none': 0, 'no_vasopressor': 2, 'vasopressor': 3, 'multiple_vasopressors': 4,
        }},
        'oxygen_support': {'scale': 'crs', 'grades': {'none': 0, 'low_flow': 2, 'high_flow': 3, 'positive_pressure': 4}},
        'consciousness': {'scale': 'icans', 'grades': {
            'alert': 0, 'awakens_spontaneously': 1, 'awakens_to_voice': 2, 'awakens_to_touch': 3, 'unarousable': 4,
        }},
        'seizure': {'scale': 'icans', 'grades': {'none': 0, 'resolved': 3, 'prolonged': 4}},
        'motor_weakness': {'scale': 'icans', 'grades': {'none': 0, 'deep_focal': 4}},
        'cerebral_oedema': {'scale': 'icans', 'grades': {'none': 0, 'focal': 3, 'diffuse': 4}},
        'capd_score': {'scale': 'icans', 'grades': {'unable': 4}},
        'death_due_to_crs': {'scale': 'crs', 'grades': {'yes': 5}},
        'death_due_to_icans': {'scale': 'icans', 'grades': {'yes': 5}},
    }) }}
{% endmacro %}

{# Grade that the measurement `row` gives by itself; null where it is no part of a grading, or its finding has no grade. #}
{% macro astct_part_grade(row) -%}
    case
        {%- for part, stated in astct_findings().items() %}
        {%- for finding, grade in stated.grades.items() %}
        when {{ row }}.measurement = '{{ part }}' and {{ row }}.value_code = '{{ finding }}' then {{ grade }}
        {%- endfor %}
        {%- endfor %}
        when {{ row }}.measurement = 'ice_score' then
            case
                when {{ row }}.value = 10 then 0
                when {{ row }}.value between 7 and 9 then 1
                when {{ row }}.value between 3 and 6 then 2
                when {{ row }}.value between 0 and 2 then 3
            end
        when {{ row }}.measurement = 'capd_score' then
            case
                when {{ row }}.value = 0 then 0
                when {{ row }}.value between 1 and 8 then 1
                when {{ row }}.value between 9 and 32 then 3
            end
    end
{%- endmacro %}

{# Scale, crs or icans, that a measurement is a part of; null of any other. Temperature and treatment of fever are parts of CRS. #}
{% macro astct_part_scale(measurement) -%}
    case
        when {{ measurement }} in ('body_temp', 'fever_treatment') then 'crs'
        when {{ measurement }} = 'ice_score' then 'icans'
        {%- for part, stated in astct_findings().items() %}
        when {{ measurement }} = '{{ part }}' then '{{ stated.scale }}'
        {%- endfor %}
    end
{%- endmacro %}

{#
  CRS grade of one day from `worst`, the highest grade that hypotension, oxygen and death give. A grade begins with a fever of 38.0 Cel;
  once a fever was treated (antipyretic, tocilizumab, steroid) it is no longer required. Null where the temperature is not known and was needed.
#}
{% macro astct_crs_grade(worst, temperature_c, is_fever_treated) -%}
    case
        when {{ worst }} = 5 then 5
        when ({{ temperature_c }} >= 38 or {{ is_fever_treated }}) and {{ worst }} >= 2 then {{ worst }}
        when {{ temperature_c }} >= 38 then 1
        when {{ temperature_c }} < 38 then 0
    end
{%- endmacro %}
