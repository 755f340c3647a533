{{ config(pre_hook="{{ delete_touched() }}") }}

with day as (
    select
        subject_id,
        minute_date as local_date,
        device_id,
        -- a worn minute whose count could not be read is known to be worn and adds nothing: the day's sum would pass for whole
        case
            when count(case when is_worn then 1 end) > 0 and count(case when is_worn and steps is null then 1 end) = 0
                then cast(sum({{ as_decimal('case when is_worn then steps end') }}) as {{ type_of('number') }})
        end as value,
        cast(count(case when is_worn then 1 end) as {{ type_of('number') }}) as wear_min,
        min(source_delivery) as source_delivery,
        min_by(source_row, source_delivery || '|' || wearable_minute_statement_id) as source_row,
        min(component_id) as component_id
    from {{ ref('int_wearable_minute__resolved') }}
    where {{ only_touched() }}
    group by subject_id, minute_date, device_id
)

select
    subject_id,
    local_date,
    device_id,
    'steps_daily' as measurement,
    value,
    '/d' as unit,
    wear_min,
    source_delivery,
    source_row,
    component_id
from day
