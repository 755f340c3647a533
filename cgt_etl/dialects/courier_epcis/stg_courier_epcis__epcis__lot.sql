{{ config(materialized='view') }}

select
    {{ landed_columns('courier_epcis__epcis__lot') }},
    lot
from {{ source('courier_epcis', 'epcis__lot') }}
