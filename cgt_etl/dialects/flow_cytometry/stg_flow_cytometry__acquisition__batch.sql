-- an acquisition names a batch before its manufacturer's record may be here
select
    {{ fact_columns('batch') }},
    batch as batch_token,
    {{ unstated('batch', ['batch_token']) }}
from {{ ref('stg_flow_cytometry__acquisition') }}
where batch is not null
