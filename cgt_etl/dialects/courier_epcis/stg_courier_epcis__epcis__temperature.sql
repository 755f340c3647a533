{{ config(materialized='view') }}

select
    {{ landed_columns('courier_epcis__epcis__temperature') }},
    {{ landed_measurements(measurement_columns('courier_epcis', 'epcis', 'temperature')) }},
    uom
from {{ source('courier_epcis', 'epcis__temperature') }}
