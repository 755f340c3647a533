select
    reading.logger_id,
    reading.read_at_utc,
    reading.probe,
    reading.shipment_id,
    reading.temperature_c,
    case
        when reading.value_status = 'sentinel' then 'sentinel'
        when reading.event_code = 'lid_opening' then 'lid_opening'
        when instant.is_after_gap then 'gap'
        when reading.shipment_id is not null then 'transit'
    end as reading_class,
    reading.source_delivery,
    reading.source_row,
    reading.component_id
from {{ ref('int_logger_reading__placed') }} as reading
left join {{ ref('int_logger_reading__instant') }} as instant
    on
        reading.shipment_id = instant.shipment_id
        and reading.logger_id = instant.logger_id
        and reading.read_at_utc = instant.read_at_utc
