{{ config(materialized='view') }}

{{ epcis_list('courier_epcis_xml', 'container', ['thing', 'sscc']) }}
