{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_fitbit__weight__weight') }},
    account,
    device,
    log,
    day_date,
    day_local,
    day_precision,
    weighed_at_utc,
    weighed_local,
    weighed_date,
    weighed_precision,
    weighed_zone_source,
    {{ landed_measurements(measurement_columns('wearable_fitbit', 'weight')) }}
from {{ source('wearable_fitbit', 'weight__weight') }}
