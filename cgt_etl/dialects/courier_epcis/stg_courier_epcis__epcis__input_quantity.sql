{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'input_quantity', ['thing', 'quantity', 'uom']) }}
