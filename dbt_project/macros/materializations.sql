{#
  A view is put in place by one statement. dbt's own way (make it under another name, move what is there aside, move the new one in, drop
  the old one) guards readers of a shared database; a build file has none, and the 150 views of a night cost a quarter of its processor time.
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
