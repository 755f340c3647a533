{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_fitbit__step_day__step_day') }},
    account,
    device,
    day_date,
    day_local,
    day_precision,
    {{ landed_measurements(measurement_columns('wearable_fitbit', 'step_day')) }}
from {{ source('wearable_fitbit', 'step_day__step_day') }}
