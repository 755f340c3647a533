{{ config(materialized='view') }}

{{ epcis_list('courier_epcis_xml', 'quantity', ['thing', 'lot', 'quantity', 'uom']) }}
