{#
  From columns to measurements. Which columns of a feed hold a measurement, in which unit and by which method, is said once, in its contract;
  the folder walk puts it into the registry macro, and these macros turn it into rows in canonical units.
#}

{# Measurement columns of one object, from its contract: column, measurement, unit, method, specimen, timepoint, has_comparator. #}
{% macro measurement_columns(dialect, feed, object=none) %}
    {%- if registry_measurements is not defined -%}
        {{ exceptions.raise_compiler_error("macros/_generated/registry.sql is missing; run `cgt-etl registry sync`") }}
    {%- endif -%}
    {{ return(registry_measurements().get(dialect ~ '__' ~ feed ~ '__' ~ (object or feed), [])) }}
{% endmacro %}

{# What landing gives of each measurement column: number, comparator, text as delivered, status. #}
{% macro landed_measurements(columns) -%}
    {%- for stated in columns %}
    {{ stated.column }},
    {%- if stated.has_comparator %}
    {{ stated.column }}__comparator,
    {%- endif %}
    {{ stated.column }}__raw,
    {{ stated.column }}__status{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# A text literal, or a typed null. #}
{% macro text_literal(value) -%}
    {%- if value is none -%} cast(null as {{ type_of('text') }}) {%- else -%} '{{ value }}' {%- endif -%}
{%- endmacro %}

{#
  One row per measurement column of a record that holds a value, or a declared meaning in place of one (`never`): the columns `kept` of
  `relation`, then fact, measurement, stated_specimen, method, timepoint, comparator, value_raw, unit_raw, value_stated, value_status.
#}
{% macro unpivot_measurements(relation, columns, kept) -%}
    {%- for stated in columns %}
    select
        {%- for name in kept %}
        {{ name }},
        {%- endfor %}
        '{{ stated.column }}' as fact,
        '{{ stated.measurement }}' as measurement,
        {{ text_literal(stated.specimen) }} as stated_specimen,
        {{ text_literal(stated.method) }} as method,
        {{ text_literal(stated.timepoint) }} as timepoint,
        {{ stated.column ~ '__comparator' if stated.has_comparator else text_literal(none) }} as comparator,
        {{ stated.column }}__raw as value_raw,
        {{ text_literal(stated.unit) }} as unit_raw,
        cast({{ stated.column }} as {{ type_of('number') }}) as value_stated,
        {{ stated.column }}__status as value_status
    from {{ relation }}
    where {{ is_stated(stated.column ~ '__status') }}
    {{ 'union all' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Predicate: the cell holds a value or a declared meaning (`never`, `not_assessed`); blank and set-aside cells are no facts. #}
{% macro is_stated(status) -%} {{ status }} not in ('missing', 'set_aside', 'ambiguous') {%- endmacro %}

{#
  A stated number in the canonical unit: `value * factor + unit_offset`, by the row `units` of unit_map for (measurement, unit as written); null
  where the map has no such unit. A converted value is rounded to 6 decimals (factors are given to 10); an unconverted one is kept as it is.
#}
{% macro converted(value, units='units') -%}
    case
        when {{ units }}.factor = 1 and {{ units }}.unit_offset = 0 then {{ value }}
        else round({{ value }} * {{ units }}.factor + {{ units }}.unit_offset, 6)
    end
{%- endmacro %}

{#
  Canonical columns of a stated number: specimen, value, unit, value_status. `stated` has value_stated, value_status and
  stated_specimen; `vocabulary` is a row of measurements, `units` one of unit_map, both left-joined.
#}
{% macro canonical_measurement(stated='stated', vocabulary='vocabulary', units='units') -%}
    coalesce({{ stated }}.stated_specimen, {{ vocabulary }}.specimen) as specimen,
    {{ converted(stated ~ '.value_stated', units) }} as value,
    {{ units }}.canonical_unit as unit,
    case
        when {{ stated }}.value_stated is not null and {{ units }}.factor is null then 'unit_unknown'
        else {{ stated }}.value_status
    end as value_status
{%- endmacro %}

{#
  pass or fail of a result by the limits that were stated with it, in one unit or in one word; null where the two cannot be compared, or where
  a bound (`<0.5`) leaves it open. `result` has value, comparator, value_code, unit and status; `limits` lower_limit, upper_limit, is_inclusive,
  limit_code and unit. An interim result is not judged.
#}
{% macro verdict_by_limits(result, limits) -%}
    {%- set value, lower, upper = result ~ '.value', limits ~ '.lower_limit', limits ~ '.upper_limit' -%}
    {%- set bound = "coalesce(" ~ result ~ ".comparator, '')" -%}
    {%- set is_strict = 'not ' ~ limits ~ '.is_inclusive' -%}
    case
        when {{ result }}.status = 'preliminary' then null
        when {{ limits }}.limit_code is not null and {{ result }}.value_code is not null
            then case
                when {{ result }}.value_code = {{ limits }}.limit_code then 'pass'
                when {{ limits }}.limit_code = 'below_quantification_limit' and {{ result }}.value_code = 'not_detected' then 'pass'
                else 'fail'
            end
        when {{ value }} is null or coalesce({{ result }}.unit, '') <> coalesce({{ limits }}.unit, '') or {{ limits }}.is_inclusive is null then null
        -- of a bound that the value lies below, the upper limit is met where the bound does not pass it, and the lower is never met for certain
        when {{ bound }} in ('<', '<=')
            then case
                when {{ lower }} is not null and ({{ value }} < {{ lower }} or ({{ value }} = {{ lower }} and ({{ is_strict }} or {{ bound }} = '<')))
                    then 'fail'
                when
                    {{ lower }} is null
                    and ({{ value }} < {{ upper }} or ({{ value }} = {{ upper }} and ({{ limits }}.is_inclusive or {{ bound }} = '<')))
                    then 'pass'
            end
        when {{ bound }} in ('>', '>=')
            then case
                when {{ upper }} is not null and ({{ value }} > {{ upper }} or ({{ value }} = {{ upper }} and ({{ is_strict }} or {{ bound }} = '>')))
                    then 'fail'
                when
                    {{ upper }} is null
                    and ({{ value }} > {{ lower }} or ({{ value }} = {{ lower }} and ({{ limits }}.is_inclusive or {{ bound }} = '>')))
                    then 'pass'
            end
        when {{ lower }} is null and {{ upper }} is null then null
        when {{ value }} < {{ lower }} or ({{ value }} = {{ lower }} and {{ is_strict }}) then 'fail'
        when {{ value }} > {{ upper }} or ({{ value }} = {{ upper }} and {{ is_strict }}) then 'fail'
        else 'pass'
    end
{%- endmacro %}
