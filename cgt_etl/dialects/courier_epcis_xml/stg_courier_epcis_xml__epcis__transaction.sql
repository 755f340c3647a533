{{ config(materialized='view') }}

{{ epcis_list('courier_epcis_xml', 'transaction', ['document_type', 'document']) }}
