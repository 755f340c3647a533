{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'content', ['thing', 'din']) }}
