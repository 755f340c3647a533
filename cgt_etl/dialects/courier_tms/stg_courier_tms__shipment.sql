{{ config(materialized='view') }}

select
    {{ landed_columns('courier_tms__shipment__shipment') }},
    awb,
    ship_ref,
    logger,
    {{ landed_time('pickup_planned') }},
    {{ landed_time('picked_up') }},
    {{ mapped('landed.origin', 'airport_zone') }} as origin_zone_name,
    {{ mapped('landed.destination', 'airport_zone') }} as destination_zone_name,
    {{ landed_time('delivered') }},
    {{ landed_measurements(measurement_columns('courier_tms', 'shipment')) }}
from {{ source('courier_tms', 'shipment__shipment') }} as landed
