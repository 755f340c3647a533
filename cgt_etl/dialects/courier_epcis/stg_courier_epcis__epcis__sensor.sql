{{ config(materialized='view') }}

{{ epcis_sensor('courier_epcis') }}
