{{ config(pre_hook="{{ delete_touched() }}") }}

with stated as (
    select
        said.batch_id,
        {{ therapy_order_key('said.coi_id') }} as therapy_order_id,
        said.recipient_subject_id,
        said.product_name_code,
        said.component_id
    from {{ ref('int_batch__resolved') }} as said
    where said.batch_id is not null and {{ only_touched('said.component_id') }}
)

select
    batch_id,
    {{ agreed('therapy_order_id') }} as therapy_order_id,
    {{ agreed('recipient_subject_id') }} as recipient_subject_id,
    cast(null as {{ type_of('text') }}) as parent_batch_id,
    {{ agreed('product_name_code') }} as product_name_code,
    cast(null as {{ type_of('text') }}) as process_version,
    cast(null as {{ type_of('text') }}) as gene_agent_lot_id,
    cast(null as {{ type_of('date') }}) as started_date,
    cast(null as {{ type_of('date') }}) as ended_date,
    cast(null as {{ type_of('text') }}) as disposition_code,
    min(component_id) as component_id
from stated
group by batch_id
