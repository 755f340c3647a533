{{ config(pre_hook="{{ delete_touched() }}") }}

with worn as (
    select
        subject_id,
        minute_date as local_date,
        device_id,
        'steps_daily' as measurement,
        -- a worn minute whose count could not be read is known to be worn and adds nothing: the day's sum would pass for whole
        case
            when count(case when is_worn then 1 end) > 0 and count(case when is_worn and steps is null then 1 end) = 0
                then cast(sum({{ as_decimal('case when is_worn then steps end') }}) as {{ type_of('number') }})
        end as value,
        '/d' as unit,
        cast(count(case when is_worn then 1 end) as {{ type_of('number') }}) as wear_min,
        min(source_delivery) as source_delivery,
        min_by(source_row, source_delivery || '|' || wearable_minute_statement_id) as source_row,
        min(component_id) as component_id
    from {{ ref('int_wearable_minute__resolved') }}
    where {{ only_touched() }}
    group by subject_id, minute_date, device_id
),

-- days that a vendor sums up itself name no device: the vendor stands for it; two figures for one day are none
summed_up as (
    select
        subject_id,
        occurred_date as local_date,
        {{ surrogate_key(["'device_of_vendor'", 'subject_id', 'party_id']) }} as device_id,
        measurement,
        {{ agreed('value') }} as value,
        min(unit) as unit,
        cast(null as {{ type_of('number') }}) as wear_min,
        min(source_delivery) as source_delivery,
        min_by(source_row, source_delivery || '|' || measurement_statement_id) as source_row,
        min(component_id) as component_id
    from {{ ref('int_measurement__resolved') }}
    where
        measurement in ('steps_daily', 'resting_hr', 'active_minutes')
        and subject_id is not null
        and occurred_date is not null
        and comparator is null
        and {{ stands('status') }}
        and {{ only_touched() }}
    group by subject_id, occurred_date, party_id, measurement
),

day as (
    select * from worn
    union all
    select * from summed_up
),

-- devices of one person overlap: one of them speaks for the day, and none is added to another
ranked as (
    select
        *,
        row_number() over (
            partition by subject_id, local_date, measurement
            order by
                case when value is null then 1 else 0 end asc,
                case when wear_min >= 600 then 1 when wear_min is null then 2 else 3 end asc,
                wear_min desc nulls last,
                device_id asc
        ) as rank_no
    from day
)

select
    subject_id,
    local_date,
    device_id,
    measurement,
    value,
    unit,
    wear_min,
    wear_min >= 600 as has_enough_wear,
    rank_no = 1 and value is not null as is_preferred,
    source_delivery,
    source_row,
    component_id
from ranked
