{{ config(materialized='view') }}

select
    {{ landed_columns('registry_ct__outcome__outcome__lotno') }},
    lotno as lot
from {{ source('registry_ct', 'outcome__outcome__lotno') }}
