{{ config(materialized='view') }}

select
    {{ landed_columns('courier_epcis__epcis__content') }},
    din
from {{ source('courier_epcis', 'epcis__content') }}
