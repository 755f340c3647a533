{{ config(materialized='ephemeral') }}

-- Minutes that a shipment's loggers read outside the limits of its label, where its custody record states them. Between two readings
-- outside it was outside; between one outside and one inside it may have been: at least the first, at most both. With the lid open it is no
-- excursion. Of several loggers the one that read the longest.
with instant as (
    select
        reading.shipment_id,
        reading.logger_id,
        reading.read_at_utc,
        max(
            case
                when reading.event_code = 'lid_opening' then 0
                when reading.temperature_c < checked.lower_limit_c or reading.temperature_c > checked.upper_limit_c then 1
                else 0
            end
        ) as is_outside
    from {{ ref('int_logger_reading__placed') }} as reading
    inner join {{ ref('int_shipment__checked') }} as checked on reading.shipment_id = checked.shipment_id
    where reading.temperature_c is not null and (checked.lower_limit_c is not null or checked.upper_limit_c is not null)
    group by reading.shipment_id, reading.logger_id, reading.read_at_utc
),

before as (
    select
        shipment_id,
        logger_id,
        read_at_utc,
        is_outside,
        lag(is_outside) over (partition by shipment_id, logger_id order by read_at_utc asc) as was_outside,
        lag(read_at_utc) over (partition by shipment_id, logger_id order by read_at_utc asc) as before_at_utc
    from instant
),

since as (
    select
        shipment_id,
        logger_id,
        is_outside + coalesce(was_outside, 0) as outside_count,
        coalesce({{ minutes_between('before_at_utc', 'read_at_utc') }}, 0) as since_min
    from before
),

summed as (
    select
        shipment_id,
        logger_id,
        cast(sum({{ as_decimal('case when outside_count = 2 then since_min else 0 end') }}) as {{ type_of('number') }}) as least_min,
        cast(sum({{ as_decimal('case when outside_count > 0 then since_min else 0 end') }}) as {{ type_of('number') }}) as most_min
    from since
    group by shipment_id, logger_id
)

select
    shipment_id,
    max(least_min) as read_out_of_specification_min,
    max(most_min) as read_out_of_specification_most_min
from summed
group by shipment_id
