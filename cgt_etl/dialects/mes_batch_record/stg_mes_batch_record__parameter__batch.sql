{%- set stated = ['batch_token', 'coi_token', 'parent_batch_token', 'gene_agent_lot_token', 'ended', 'disposition_code'] -%}

select
    {{ fact_columns('batch') }},
    batch as batch_token,
    coi as coi_token,
    rework_of as parent_batch_token,
    vector_lot as gene_agent_lot_token,
    -- a batch ends with its harvest, or where it was given up
    {%- for part, kind in time_columns_of('').items() %}
    case when event_type = 'harvest_completed' or status_code = 'terminated' then seen{{ part }} end as ended{{ part }},
    {%- endfor %}
    status_code as disposition_code,
    {{ unstated('batch', stated) }}
from {{ ref('stg_mes_batch_record__parameter') }}
