{{ config(materialized='ephemeral') }}

-- A logger is used again and again: a reading is of the shipment with whose container the logger was received, from packing (else
-- dispatch) to one hour after receipt, since the lid is opened there.
with travelled as (
    select distinct
        shipment.shipment_id,
        said.logger_id,
        coalesce(shipment.packed_at_utc, shipment.sent_at_utc) as since_at_utc,
        shipment.received_at_utc
    from {{ ref('int_shipment__stated') }} as shipment
    inner join {{ ref('int_event__resolved') }} as said
        on shipment.sscc_id = said.sscc_id or (shipment.sscc_id is null and shipment.awb_id = said.awb_id)
    where said.logger_id is not null and {{ stands('said.status') }}
),

-- packed again within that hour: the later shipment has the reading
ranked as (
    select
        reading.logger_id,
        reading.read_at_utc,
        reading.probe,
        reading.temperature_c,
        reading.value_status,
        reading.event_code,
        reading.source_delivery,
        reading.source_row,
        reading.component_id,
        travelled.shipment_id,
        row_number() over (
            partition by reading.logger_id, reading.read_at_utc, reading.probe
            order by travelled.since_at_utc desc nulls last, travelled.shipment_id asc
        ) as shipment_rank_no
    from {{ ref('int_logger_reading__resolved') }} as reading
    left join travelled
        on
            reading.logger_id = travelled.logger_id
            and reading.read_at_utc >= travelled.since_at_utc
            and {{ minutes_between('travelled.received_at_utc', 'reading.read_at_utc') }} <= 60
)

select
    logger_id,
    read_at_utc,
    probe,
    shipment_id,
    temperature_c,
    value_status,
    event_code,
    source_delivery,
    source_row,
    component_id
from ranked
where shipment_rank_no = 1
