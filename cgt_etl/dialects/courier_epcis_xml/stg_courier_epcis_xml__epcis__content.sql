{{ config(materialized='view') }}

select
    {{ landed_columns('courier_epcis_xml__epcis__content') }},
    din
from {{ source('courier_epcis_xml', 'epcis__content') }}
