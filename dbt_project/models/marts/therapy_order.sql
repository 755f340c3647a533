{{ config(pre_hook="{{ delete_touched() }}") }}

with stated as (
    select
        {{ therapy_order_key('said.coi_id', 'said.order_id', 'named.coi_id') }} as therapy_order_id,
        said.order_id,
        coalesce(said.coi_id, named.coi_id) as coi_id,
        said.recipient_subject_id,
        said.product_name_code,
        said.status,
        said.component_id
    from {{ ref('int_therapy_order__resolved') }} as said
    left join {{ ref('int_therapy_order__named') }} as named on said.order_id = named.order_id
    where {{ only_touched('said.component_id') }}
)

select
    therapy_order_id,
    {{ agreed('order_id') }} as order_id,
    min(coi_id) as coi_id,
    {{ agreed('recipient_subject_id') }} as subject_id,
    {{ agreed('product_name_code') }} as product_name_code,
    cast(null as {{ type_of('text') }}) as sponsor_party_id,
    cast(null as {{ type_of('date') }}) as issued_date,
    cast(null as {{ type_of('date') }}) as cancelled_date,
    {{ agreed('status') }} as status_code,
    min(component_id) as component_id
from stated
where therapy_order_id is not null
group by therapy_order_id
