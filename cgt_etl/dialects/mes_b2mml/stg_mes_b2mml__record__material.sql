{{ config(materialized='view') }}

select
    {{ landed_columns('mes_b2mml__record__material') }},
    din,
    division
from {{ source('mes_b2mml', 'record__material') }}
