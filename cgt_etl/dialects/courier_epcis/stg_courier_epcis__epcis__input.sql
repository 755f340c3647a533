{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'input', ['thing', 'din', 'product_code', 'division']) }}
