{#
  What staging models are written with. They rename, map and convert; they never parse text (the door did).
#}

{# Columns of the landing of one accepted table, under our names; `table` is `<dialect>__<feed>__<object>`. #}
{% macro landed_columns(table) -%}
    source_delivery,
    source_row,
    source_item,
    '{{ table }}' as source_object,
    partner as party_id,
    site as site_id,
    sequence,
    record_key
{%- endmacro %}

{# Source columns of a fact named `fact` within its record; `relation` qualifies them where a model joins. #}
{% macro fact_columns(fact, relation='') -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    {{ of }}source_delivery,
    {{ of }}source_row,
    {{ of }}source_item,
    {{ of }}source_object,
    '{{ fact }}' as fact,
    {{ of }}party_id,
    {{ of }}site_id,
    {{ of }}sequence,
    {{ of }}record_key
{%- endmacro %}

{# Typed nulls for the named columns. #}
{% macro nulls(kind, names) -%}
    {%- for name in names %}
    cast(null as {{ type_of(kind) }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Typed nulls for every column of an entity but its source columns and those `stated`; a time is stated by its name. #}
{% macro unstated(entity, stated) -%}
    {%- set rest = {} -%}
    {%- for name, kind in entity_declaration(entity).items() if name not in stated -%}
        {%- do rest.update(time_columns_of(name) if kind == 'time' else {name: kind}) -%}
    {%- endfor -%}
    {%- for name, kind in rest.items() %}
    cast(null as {{ type_of(kind) }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The five columns of the instant `column`, renamed to `name`; `relation` qualifies them. #}
{% macro time_from_instant(column, name, relation='') -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    {{ of }}{{ column }}_at_utc as {{ name }}_at_utc,
    {{ of }}{{ column }}_local as {{ name }}_local,
    case when {{ of }}{{ column }}_precision not in ('month', 'year') then {{ of }}{{ column }}_date end as {{ name }}_date,
    {{ of }}{{ column }}_precision as {{ name }}_precision,
    {{ of }}{{ column }}_zone_source as {{ name }}_zone_source
{%- endmacro %}

{# The five columns of a time of which only the calendar date is known; never taken for midnight. #}
{% macro time_from_date(column, name, relation='') -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    cast(null as {{ type_of('instant') }}) as {{ name }}_at_utc,
    {{ of }}{{ column }}_local as {{ name }}_local,
    case when {{ of }}{{ column }}_precision = 'day' then {{ of }}{{ column }}_date end as {{ name }}_date,
    {{ of }}{{ column }}_precision as {{ name }}_precision,
    case when {{ of }}{{ column }}_local is not null then 'none' end as {{ name }}_zone_source
{%- endmacro %}

{# The five columns of times that the feed does not state. #}
{% macro no_time(names) -%}
    {%- for name in names %}
    {%- for column, kind in time_columns_of(name).items() %}
    cast(null as {{ type_of(kind) }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Names of the staging models that feed an entity, from the folder walk. #}
{% macro feeds_for(entity) %}
    {%- if registry_feeds is not defined -%}
        {{ exceptions.raise_compiler_error("macros/_generated/registry.sql is missing; run `cgt-etl registry sync`") }}
    {%- endif -%}
    {%- for name in registry_feeds() -%}
        {#- a staging model of a misspelt entity would feed nothing, silently -#}
        {%- do entity_declaration(name) -%}
    {%- endfor -%}
    {{ return(registry_feeds().get(entity, [])) }}
{% endmacro %}

{# The facts of one entity from every feed that has some; no rows, typed, where none has. #}
{% macro union_feeds(entity) -%}
    {%- set columns = entity_columns(entity) -%}
    {%- for model in feeds_for(entity) %}
select
        {%- for name in columns %}
    {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
from {{ ref(model) }}
{{ 'union all' if not loop.last }}
    {%- else %}
select
        {%- for name, kind in columns.items() %}
    cast(null as {{ type_of(kind) }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
where false
    {%- endfor -%}
{%- endmacro %}

{# The canonical term of the local code in `column`, by the map `map_name` of the code map; null where the column is. #}
{% macro mapped(column, map_name) -%}
    (
        select max(code_map.canonical)
        from {{ ref('code_map') }} as code_map
        where code_map.map = '{{ map_name }}' and code_map.local_code = {{ column }}
    )
{%- endmacro %}

{# Fixed positions of a canonical ISBT 128 product code: description code 5, collection type 1, division 2; some send the first 5 alone. #}
{% macro product_description_code(column) -%} substring({{ column }}, 1, 5) {%- endmacro %}
{% macro collection_type_letter(column) -%} case when length({{ column }}) = 8 then substring({{ column }}, 6, 1) end {%- endmacro %}
{% macro division_in_code(column) -%} case when length({{ column }}) = 8 then substring({{ column }}, 7, 2) end {%- endmacro %}

{#
  Division of the bag that a record means: the one inside its product code, which is printed on the label and scanned, before the one that
  stands beside it, which somebody typed. Where the two differ is a finding (D12).
#}
{% macro bag_division(code_division='code_division', division='division') -%} coalesce({{ code_division }}, {{ division }}) {%- endmacro %}
