{#
  How a build costs what its deliveries cost. Collected facts are deleted and inserted by delivery; what lies downstream by touched
  component. Both are no-ops in a full build, when the table does not exist yet or is built anew.
#}

{# Pre-hook of collected facts: what a changed, replaced or removed delivery said is taken back. #}
{% macro delete_changed_deliveries() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where source_delivery in (select source_delivery from {{ source('control', 'changed_delivery') }})
    {%- endif -%}
{%- endmacro %}

{# Pre-hook of marts: rows of components that this night touches, old and new ids, are taken back. #}
{% macro delete_touched() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where component_id in (select component_id from {{ source('control', 'touched_component') }})
    {%- endif -%}
{%- endmacro %}

{# Pre-hook of findings: what rules that look at the whole network found is taken back, whatever this night touches. #}
{% macro delete_network_wide(rules) -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where rule_id in ('{{ rules | join("', '") }}')
    {%- endif -%}
{%- endmacro %}

{# Predicate of marts: only touched components in an increment, all in a full build. #}
{% macro only_touched(component='component_id') -%}
    {%- if is_incremental() -%}
        {{ component }} in (select component_id from {{ source('control', 'touched_component') }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
