{{ config(materialized='view') }}

select
    {{ landed_columns('freezer_log__freeze_run__freeze_run') }},
    serial_number,
    run_number,
    programme,
    din,
    bag_count,
    {{ landed_time('started') }},
    {{ landed_time('ended') }},
    {{ mapped('landed.result', 'freeze_run_result') }} as result_code
from {{ source('freezer_log', 'freeze_run__freeze_run') }} as landed
