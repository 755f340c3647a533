{{ config(materialized='view') }}

{{ epcis_record('courier_epcis') }}
