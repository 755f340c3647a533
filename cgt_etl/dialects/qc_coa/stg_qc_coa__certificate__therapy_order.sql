select
    {{ fact_columns('therapy_order') }},
    coi as coi_token,
    {{ unstated('therapy_order', ['coi_token']) }}
from {{ ref('stg_qc_coa__certificate') }}
where coi is not null
