{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'quantity', ['thing', 'lot', 'quantity', 'uom']) }}
