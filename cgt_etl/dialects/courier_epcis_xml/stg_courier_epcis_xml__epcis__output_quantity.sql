{{ config(materialized='view') }}

{{ epcis_list('courier_epcis_xml', 'output_quantity', ['thing', 'quantity', 'uom']) }}
