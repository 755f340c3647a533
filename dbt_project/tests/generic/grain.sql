{#
  The grain of a table: `columns` name one row each, and none of them is null, in one query. Gives the keys that break it; no other column.
#}
{% test grain(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1 or {{ columns | join(' is null or ') }} is null
{% endtest %}
