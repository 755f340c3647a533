{{ config(materialized='view') }}

select
    {{ landed_columns('mes_batch_record__parameter__parameter__din') }},
    din
from {{ source('mes_batch_record', 'parameter__parameter__din') }}
