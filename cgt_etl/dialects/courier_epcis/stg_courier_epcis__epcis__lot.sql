{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'lot', ['thing', 'lot', 'quantity', 'uom']) }}
