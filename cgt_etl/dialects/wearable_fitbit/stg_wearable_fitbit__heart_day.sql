{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_fitbit__heart_day__heart_day') }},
    account,
    device,
    day_date,
    day_local,
    day_precision,
    {{ landed_measurements(measurement_columns('wearable_fitbit', 'heart_day')) }}
from {{ source('wearable_fitbit', 'heart_day__heart_day') }}
