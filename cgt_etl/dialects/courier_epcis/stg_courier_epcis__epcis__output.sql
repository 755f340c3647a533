{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'output', ['thing']) }}
