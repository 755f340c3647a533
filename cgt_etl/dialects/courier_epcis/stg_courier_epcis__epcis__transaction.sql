{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'transaction', ['document_type', 'document']) }}
