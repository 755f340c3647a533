{{ config(materialized='view') }}

select
    {{ landed_columns('apheresis_device__run__run') }},
    {{ mapped('landed.device', 'device_model') }} as device_model_code,
    serial_number,
    software_version,
    run_number,
    din,
    {{ mapped('landed.procedure', 'procedure_type') }} as procedure_type_code,
    {{ landed_time('started') }},
    {{ landed_time('completed') }},
    processed_tbv,
    processed_tbv__raw,
    processed_tbv__status,
    bag_volume_ml,
    bag_volume_ml__raw,
    bag_volume_ml__status,
    {{ landed_measurements(measurement_columns('apheresis_device', 'run')) }}
from {{ source('apheresis_device', 'run__run') }} as landed
