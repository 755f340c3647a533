{{ config(materialized='view') }}

select
    {{ landed_columns('courier_logger__reading__reading') }},
    logger,
    {{ landed_time('started') }},
    {{ mapped('landed.zone', 'logger_zone') }} as zone_name,
    {{ time_from_instant('read', 'read') }},
    {{ landed_measurements(measurement_columns('courier_logger', 'reading')) }},
    {{ mapped('landed.logger_event', 'logger_event') }} as event_code
from {{ source('courier_logger', 'reading__reading') }} as landed
