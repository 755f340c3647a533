{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_apple__me__me') }},
    birth_date_date,
    birth_date_local,
    birth_date_precision,
    {{ mapped('me.sex', 'apple_sex') }} as sex
from {{ source('wearable_apple', 'me__me') }} as me
