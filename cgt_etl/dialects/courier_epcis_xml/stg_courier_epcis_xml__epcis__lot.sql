{{ config(materialized='view') }}

{{ epcis_list('courier_epcis_xml', 'lot', ['thing', 'lot', 'quantity', 'uom']) }}
