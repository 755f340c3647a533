{{ config(materialized='view') }}

select
    {{ landed_columns('freezer_log__freeze_run__step') }},
    step,
    {{ landed_time('ended') }},
    asked_rate_k_min,
    chamber_c,
    sample_c,
    {{ landed_measurements(measurement_columns('freezer_log', 'freeze_run', 'step')) }}
from {{ source('freezer_log', 'freeze_run__step') }}
