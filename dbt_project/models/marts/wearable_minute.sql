{{ config(pre_hook="{{ delete_touched() }}") }}

{#- measure, its column, its unit, and which source columns say where it comes from -#}
{%- set measures = [('steps', 'steps', '{steps}', 'source'), ('heart_rate', 'heart_rate_per_min', '/min', 'heart_rate_source')] %}

{%- for measure, column, unit, of in measures %}
select
    subject_id,
    device_id,
    minute_at_utc,
    '{{ measure }}' as measure,
    cast({{ column }} as {{ type_of('number') }}) as value,
    '{{ unit }}' as unit,
    {{ of }}_delivery as source_delivery,
    {{ of }}_row as source_row,
    component_id
from {{ ref('int_wearable_minute__resolved') }}
-- not worn is not zero
where is_worn and {{ column }} is not null and {{ only_touched() }}
{{ 'union all' if not loop.last }}
{%- endfor %}
