{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'container', ['thing', 'sscc']) }}
