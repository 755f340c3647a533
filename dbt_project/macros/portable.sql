{#
  What SQL engines say differently, said once. Default is DuckDB, `spark__` beside it where Spark differs.
  No model uses an engine's own function but through these.
#}

{# md5 over parts, each as text; a null part and an empty text differ, and no two lists of parts read the same. 32 hex characters. #}
{% macro surrogate_key(parts) -%}
    md5(
        {%- for part in parts %}
            coalesce(replace(cast({{ part }} as {{ type_of('text') }}), '|', '||'), '|-') {%- if not loop.last %} || '|,' || {% endif %}
        {%- endfor -%}
    )
{%- endmacro %}

{% macro text_of(expression) -%} cast({{ expression }} as {{ type_of('text') }}) {%- endmacro %}

{# SQL type of a canonical kind: text, integer, number, date, instant, boolean. #}
{% macro type_of(kind) -%}
    {%- set types = {
        'text': type_text(),
        'integer': 'bigint',
        'number': 'double',
        'date': 'date',
        'instant': 'timestamp',
        'boolean': 'boolean',
    } -%}
    {%- if kind not in types -%}
        {{ exceptions.raise_compiler_error("unknown kind of column `" ~ kind ~ "`; known: " ~ types.keys() | join(', ')) }}
    {%- endif -%}
    {{ types[kind] }}
{%- endmacro %}

{% macro type_text() -%} {{ return(adapter.dispatch('type_text')()) }} {%- endmacro %}
{% macro default__type_text() -%} varchar {%- endmacro %}
{% macro spark__type_text() -%} string {%- endmacro %}

{# Whole days from the date `earlier` to the date `later`. #}
{% macro days_between(earlier, later) -%} {{ return(adapter.dispatch('days_between')(earlier, later)) }} {%- endmacro %}
{% macro default__days_between(earlier, later) -%} date_diff('day', cast({{ earlier }} as date), cast({{ later }} as date)) {%- endmacro %}
{% macro spark__days_between(earlier, later) -%} datediff(cast({{ later }} as date), cast({{ earlier }} as date)) {%- endmacro %}

{# Whole seconds from the instant `earlier` to the instant `later`. #}
{% macro seconds_between(earlier, later) -%} {{ return(adapter.dispatch('seconds_between')(earlier, later)) }} {%- endmacro %}
{% macro default__seconds_between(earlier, later) -%} date_diff('second', {{ earlier }}, {{ later }}) {%- endmacro %}
{% macro spark__seconds_between(earlier, later) -%} (unix_timestamp({{ later }}) - unix_timestamp({{ earlier }})) {%- endmacro %}

{# Minutes from the instant `earlier` to the instant `later`, to the second. #}
{% macro minutes_between(earlier, later) -%} {{ seconds_between(earlier, later) }} / 60.0 {%- endmacro %}

{# The instant so many hours after another, to the second. #}
{% macro after_hours(instant, hours) -%}
    {{ instant }} + cast(round({{ hours }} * 3600) as {{ type_of('integer') }}) * interval '1' second
{%- endmacro %}

{# A double as an exact decimal, so that sums do not depend on the order of rows. #}
{% macro as_decimal(expression, scale=9) -%} cast({{ expression }} as decimal(38, {{ scale }})) {%- endmacro %}
