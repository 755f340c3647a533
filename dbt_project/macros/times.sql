{# The five columns of a FHIR choice of time, `xDateTime` or `xPeriod.start`: at most one of `first` and `second` is given. #}
{% macro first_time(first, second, name) -%}
    {%- for column in time_columns_of('') %}
    coalesce({{ first ~ column }}, {{ second ~ column }}) as {{ name ~ column }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The five columns of the landed instant `column`, unchanged. #}
{% macro landed_time(column, relation='') -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    {%- for part in time_columns_of(column) %}
    {{ of }}{{ part }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
