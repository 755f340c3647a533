{#
  No walk along parent and child comes back to where it began (R10). A cycle can be walked for ever, and nothing else can: what is still under
  way after `steps` steps is in a cycle or behind one, or the graph is deeper than any genealogy is. One join for each step, of ends alone, so
  that every engine can do it. Gives the keys.
#}
{% test acyclic(model, parent, child, steps=32) %}
with step_0 as (
    select distinct {{ child }} as reached
    from {{ model }}
),

{%- for step in range(1, steps) %}

step_{{ step }} as (
    select distinct edge.{{ child }} as reached
    from step_{{ step - 1 }} as before
    inner join {{ model }} as edge on before.reached = edge.{{ parent }}
){{ ',' if not loop.last }}
{%- endfor %}

select reached
from step_{{ steps - 1 }}
{% endtest %}
