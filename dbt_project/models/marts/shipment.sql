with told as (
    select
        shipment_id,
        count(case when is_lid_opened then 1 end) as lid_opening_count,
        cast(sum({{ as_decimal('case when is_after_gap then since_min else 0 end') }}) as {{ type_of('number') }}) as gap_min
    from {{ ref('int_logger_reading__instant') }}
    group by shipment_id
),

-- a number that two partner files claim names no site
located as (
    select
        gln,
        min(site_id) as site_id
    from {{ ref('site') }}
    where gln is not null
    group by gln
    having count(*) = 1
)

select
    shipment.shipment_id,
    shipment.sscc_id,
    shipment.awb_id,
    sender.site_id as from_site_id,
    receiver.site_id as to_site_id,
    shipment.sent_at_utc,
    shipment.received_at_utc,
    round({{ seconds_between('shipment.sent_at_utc', 'shipment.received_at_utc') }} / 3600.0, 6) as transit_h,
    checked.qualified_until_at_utc,
    case
        when checked.stated_out_of_specification_min > coalesce(read.read_out_of_specification_min, 0)
            then checked.stated_out_of_specification_min
        else coalesce(read.read_out_of_specification_min, checked.stated_out_of_specification_min)
    end as out_of_specification_min,
    checked.stated_out_of_specification_min,
    read.read_out_of_specification_min,
    read.read_out_of_specification_most_min,
    checked.lid_open_min,
    cast(told.lid_opening_count as {{ type_of('integer') }}) as lid_opening_count,
    told.gap_min,
    shipment.source_delivery,
    shipment.source_row,
    shipment.component_id
from {{ ref('int_shipment__stated') }} as shipment
left join told on shipment.shipment_id = told.shipment_id
left join {{ ref('int_shipment__checked') }} as checked on shipment.shipment_id = checked.shipment_id
left join {{ ref('int_shipment__read') }} as read on shipment.shipment_id = read.shipment_id
left join located as sender on shipment.from_gln = sender.gln
left join located as receiver on shipment.to_gln = receiver.gln
