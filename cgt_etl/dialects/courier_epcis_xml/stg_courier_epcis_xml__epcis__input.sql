{{ config(materialized='view') }}

{{ epcis_list('courier_epcis_xml', 'input', ['thing', 'din', 'product_code', 'division']) }}
