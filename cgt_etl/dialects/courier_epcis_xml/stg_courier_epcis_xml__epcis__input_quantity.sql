{{ config(materialized='view') }}

{{ epcis_list('courier_epcis_xml', 'input_quantity', ['thing', 'quantity', 'uom']) }}
