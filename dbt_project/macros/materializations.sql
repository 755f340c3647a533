{#
  How a node is put in place: in as few statements as a build file needs, which its builder alone reads and which is thrown away if the
  build fails. dbt's own ways (make it under another name, move what is there aside, move the new one in, drop the old one; or fill a
  temporary table, compare columns, insert from it) guard readers of a shared database, and cost a night more than its queries do.
#}

{% materialization view, default %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {% call statement('main') -%}
        create or replace view {{ target_relation }} as (
            {{ sql }}
        )
    {%- endcall %}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization table, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {% call statement('main') -%}
        {{ table_anew(target_relation, sql) }}
    {%- endcall %}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#
  A released table's contract is held to by the full build that makes the table. An increment stands on a build of the same code, and
  inserts by name into the columns that are there: one too few or too many stops it, as `on_schema_change: fail` says.
#}
{% materialization incremental, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_increment = is_incremental() -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {% if is_increment -%}
            {%- set columns = adapter.get_columns_in_relation(target_relation) | map(attribute='quoted') | join(', ') -%}
            insert into {{ target_relation }} by name
            select {{ columns }}, * exclude ({{ columns }}) from (
                {{ sql }}
            )
        {%- else -%}
            {{ table_anew(target_relation, sql) }}
        {%- endif %}
    {%- endcall %}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# With the contract's column types, where there is a contract. #}
{% macro table_anew(relation, sql) -%}
    drop table if exists {{ relation }};
    {{ create_table_as(False, relation, sql) }}
{%- endmacro %}
