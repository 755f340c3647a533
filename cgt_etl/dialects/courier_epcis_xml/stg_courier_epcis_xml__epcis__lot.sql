{{ config(materialized='view') }}

select
    {{ landed_columns('courier_epcis_xml__epcis__lot') }},
    lot
from {{ source('courier_epcis_xml', 'epcis__lot') }}
