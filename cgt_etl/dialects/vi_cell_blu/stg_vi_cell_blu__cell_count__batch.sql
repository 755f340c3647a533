-- a count names a batch before its manufacturer's record may be here
select
    {{ fact_columns('batch') }},
    batch as batch_token,
    {{ unstated('batch', ['batch_token']) }}
from {{ ref('stg_vi_cell_blu__cell_count') }}
where batch is not null
