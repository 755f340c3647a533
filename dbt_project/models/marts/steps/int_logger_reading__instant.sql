{{ config(materialized='ephemeral') }}

with instant as (
    select
        shipment_id,
        logger_id,
        read_at_utc,
        max(case when event_code = 'lid_opening' then 1 else 0 end) as has_lid_open
    from {{ ref('int_logger_reading__placed') }}
    where shipment_id is not null
    group by shipment_id, logger_id, read_at_utc
),

before as (
    select
        instant.*,
        lag(instant.has_lid_open) over (
            partition by instant.shipment_id, instant.logger_id order by instant.read_at_utc asc
        ) as had_lid_open,
        lag(instant.read_at_utc) over (
            partition by instant.shipment_id, instant.logger_id order by instant.read_at_utc asc
        ) as before_at_utc
    from instant
),

since as (
    select
        before.*,
        {{ minutes_between('before.before_at_utc', 'before.read_at_utc') }} as since_min
    from before
),

ranked as (
    select
        since.*,
        row_number() over (
            partition by since.shipment_id, since.logger_id
            order by since.since_min asc nulls last, since.read_at_utc asc, since.logger_id asc
        ) as interval_rank_no,
        count(since.since_min) over (partition by since.shipment_id, since.logger_id) as interval_count
    from since
),

-- the logger does not say how often it reads: the middle one of its intervals does
usual as (
    select
        shipment_id,
        logger_id,
        since_min as usual_min
    from ranked
    where interval_rank_no = floor((interval_count + 1) / 2)
)

select
    since.shipment_id,
    since.logger_id,
    since.read_at_utc,
    since.since_min,
    coalesce(since.since_min > 2 * usual.usual_min, false) as is_after_gap,
    since.has_lid_open = 1 and coalesce(since.had_lid_open, 0) = 0 as is_lid_opened
from since
left join usual on since.shipment_id = usual.shipment_id and since.logger_id = usual.logger_id
