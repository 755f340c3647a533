{#
  Every foreign key of a table names a row of its parent, all parents in one query. `parents` is a list of {column, parent, key};
  a null names nobody and is in order. Gives the column and how many rows break it.
#}
{% test belongs_to(model, parents) %}
{%- for entry in parents %}
select
    '{{ entry.column }}' as column_name,
    count(*) as row_count
from {{ model }} as child
left join {{ entry.parent }} as parent on child.{{ entry.column }} = parent.{{ entry.key }}
where child.{{ entry.column }} is not null and parent.{{ entry.key }} is null
having count(*) > 0
{{ 'union all' if not loop.last }}
{%- endfor %}
{% endtest %}
