{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_withings__activity_day__activity_day') }},
    account,
    device,
    day_date,
    day_local,
    day_precision,
    zone,
    distance_m,
    climb_m,
    energy_kcal,
    light_s,
    moderate_s,
    intense_s,
    {{ landed_measurements(measurement_columns('wearable_withings', 'activity_day')) }}
from {{ source('wearable_withings', 'activity_day__activity_day') }}
