{{ config(pre_hook="{{ delete_touched() }}") }}

with known as (
    select distinct batch_id
    from {{ ref('int_batch__resolved') }}
    where batch_id is not null
),

stated as (
    select
        said.batch_id,
        {{ therapy_order_key('said.coi_id') }} as therapy_order_id,
        said.recipient_subject_id,
        -- null until a record of that batch itself has come
        parent.batch_id as parent_batch_id,
        said.gene_agent_lot_id,
        said.ended_date,
        said.disposition_code,
        said.product_name_code,
        said.component_id
    from {{ ref('int_batch__resolved') }} as said
    left join known as parent on said.parent_batch_id = parent.batch_id
    where said.batch_id is not null and {{ only_touched('said.component_id') }}
)

select
    batch_id,
    {{ agreed('therapy_order_id') }} as therapy_order_id,
    {{ agreed('recipient_subject_id') }} as recipient_subject_id,
    {{ agreed('parent_batch_id') }} as parent_batch_id,
    {{ agreed('product_name_code') }} as product_name_code,
    cast(null as {{ type_of('text') }}) as process_version,
    {{ agreed('gene_agent_lot_id') }} as gene_agent_lot_id,
    cast(null as {{ type_of('date') }}) as started_date,
    {{ agreed('ended_date') }} as ended_date,
    {{ agreed('disposition_code') }} as disposition_code,
    min(component_id) as component_id
from stated
group by batch_id
