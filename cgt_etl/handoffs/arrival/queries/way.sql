-- One row per shipment that the dose was packed in: hours, qualified hold, minutes outside the limits, and what its loggers read.
with packed as (
    select distinct shipment_id
    from event
    where dose_unit_id = $dose and shipment_id is not null
),

traced as (
    select
        shipment_id,
        count(*) as reading_count,
        count(distinct logger_id) as logger_count,
        min(case when reading_class in ('transit', 'gap') then temperature_c end) as lowest_c,
        max(case when reading_class in ('transit', 'gap') then temperature_c end) as highest_c
    from logger_reading
    where shipment_id is not null
    group by shipment_id
),

limited as (
    select
        shipment_id,
        max(transit_limit_h) as limit_h
    from handoff
    where shipment_id is not null
    group by shipment_id
)

select
    shipment.sent_at_utc,
    shipment.received_at_utc,
    shipment.transit_h,
    limited.limit_h,
    shipment.qualified_until_at_utc,
    shipment.stated_out_of_specification_min,
    shipment.read_out_of_specification_min,
    shipment.read_out_of_specification_most_min,
    shipment.lid_open_min,
    shipment.lid_opening_count,
    shipment.gap_min,
    coalesce(traced.reading_count, 0) as reading_count,
    coalesce(traced.logger_count, 0) as logger_count,
    traced.lowest_c,
    traced.highest_c
from packed
inner join shipment on packed.shipment_id = shipment.shipment_id
left join traced on packed.shipment_id = traced.shipment_id
left join limited on packed.shipment_id = limited.shipment_id
