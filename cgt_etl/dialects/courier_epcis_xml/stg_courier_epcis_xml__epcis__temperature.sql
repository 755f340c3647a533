{{ config(materialized='view') }}

select
    {{ landed_columns('courier_epcis_xml__epcis__temperature') }},
    {{ landed_measurements(measurement_columns('courier_epcis_xml', 'epcis', 'temperature')) }},
    uom
from {{ source('courier_epcis_xml', 'epcis__temperature') }}
