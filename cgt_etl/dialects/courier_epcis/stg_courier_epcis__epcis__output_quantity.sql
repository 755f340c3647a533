{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'output_quantity', ['thing', 'quantity', 'uom']) }}
