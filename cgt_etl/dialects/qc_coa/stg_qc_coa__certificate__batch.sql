select
    {{ fact_columns('batch') }},
    batch as batch_token,
    coi as coi_token,
    {{ unstated('batch', ['batch_token', 'coi_token']) }}
from {{ ref('stg_qc_coa__certificate') }}
