select
    {{ fact_columns('therapy_order') }},
    coi as coi_token,
    {{ unstated('therapy_order', ['coi_token']) }}
from {{ ref('stg_mes_batch_record__parameter') }}
where coi is not null
