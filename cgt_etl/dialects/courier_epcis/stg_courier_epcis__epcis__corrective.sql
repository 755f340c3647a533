{{ config(materialized='view') }}

{{ epcis_list('courier_epcis', 'corrective', ['event_id']) }}
