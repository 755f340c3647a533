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
