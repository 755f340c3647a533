{{ config(materialized='view') }}

select
    {{ landed_columns('courier_epcis_xml__epcis__container') }},
    sscc
from {{ source('courier_epcis_xml', 'epcis__container') }}
