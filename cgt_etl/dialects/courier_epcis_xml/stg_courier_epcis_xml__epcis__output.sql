{{ config(materialized='view') }}

{{ epcis_list('courier_epcis_xml', 'output', ['thing', 'din', 'product_code', 'division']) }}
