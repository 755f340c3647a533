{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'output', ['thing', 'din', 'product_code', 'division']) }}
