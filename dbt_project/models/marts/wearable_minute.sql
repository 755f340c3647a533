{{ config(pre_hook="{{ delete_touched() }}") }}

{%- set measures = [('steps', 'steps', '{steps}'), ('heart_rate', 'heart_rate_per_min', '/min')] %}

{%- for measure, column, unit in measures %}
select
    subject_id,
    device_id,
    minute_at_utc,
    '{{ measure }}' as measure,
    cast({{ column }} as {{ type_of('number') }}) as value,
    '{{ unit }}' as unit,
    source_delivery,
    source_row,
    component_id
from {{ ref('int_wearable_minute__resolved') }}
-- not worn is not zero
where is_worn and {{ column }} is not null and {{ only_touched() }}
{{ 'union all' if not loop.last }}
{%- endfor %}
