{%- set stated = [
    'din_token', 'is_autologous', 'product_code', 'product_description_code', 'collection_type_letter', 'code_division', 'division',
    'state_code', 'created', 'expiry_date',
] -%}

-- whose cells they are, the file of collections says
select
    {{ fact_columns('product') }},
    din as din_token,
    false as is_autologous,
    product_code,
    product_description_code,
    collection_type_letter,
    code_division,
    division,
    case when step = 'FREEZE' then 'cryopreserved' end as state_code,
    {{ time_from_instant('done', 'created') }},
    expiry_date,
    {{ unstated('product', stated) }}
from {{ ref('stg_becs_us__modification') }}
union all
select
    {{ fact_columns('source') }},
    source_din as din_token,
    false as is_autologous,
    source_product_code as product_code,
    source_product_description_code as product_description_code,
    source_collection_type_letter as collection_type_letter,
    source_code_division as code_division,
    source_division as division,
    {{ nulls('text', ['state_code']) }},
    {{ no_time(['created']) }},
    {{ nulls('date', ['expiry_date']) }},
    {{ unstated('product', stated) }}
from {{ ref('stg_becs_us__modification') }}
