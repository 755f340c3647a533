{{ config(materialized='view') }}

select
    {{ landed_columns('courier_epcis__epcis__container') }},
    sscc
from {{ source('courier_epcis', 'epcis__container') }}
