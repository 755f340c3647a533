{{ config(pre_hook="{{ delete_touched() }}") }}

with stated as (
    select
        {{ therapy_order_key('said.coi_id', 'said.order_id', 'named.coi_id') }} as therapy_order_id,
        said.order_id,
        coalesce(said.coi_id, named.coi_id) as coi_id,
        said.recipient_subject_id,
        said.product_name_code,
        said.status,
        said.issued_date,
        said.cancelled_date,
        said.component_id
    from {{ ref('int_therapy_order__resolved') }} as said
    left join {{ ref('int_therapy_order__named') }} as named on said.order_id = named.order_id
    where {{ only_touched('said.component_id') }}
),

-- who says that it worked on a batch of the order makes the product; steps of the order are dated by their events
happened as (
    select
        {{ therapy_order_key('said.coi_id', 'said.order_id', 'named.coi_id') }} as therapy_order_id,
        {{ agreed(
            "case when said.event_type in ('selection_completed', 'harvest_completed', 'drug_product_filled') then said.party_id end"
        ) }} as sponsor_party_id,
        min(case when said.event_type = 'order_placed' then said.occurred_date end) as issued_date
    from {{ ref('int_event__resolved') }} as said
    left join {{ ref('int_therapy_order__named') }} as named on said.order_id = named.order_id
    where coalesce(said.coi_id, said.order_id) is not null and {{ stands('said.status') }}
    group by {{ therapy_order_key('said.coi_id', 'said.order_id', 'named.coi_id') }}
),

ordered as (
    select
        therapy_order_id,
        {{ agreed('order_id') }} as order_id,
        min(coi_id) as coi_id,
        {{ agreed('recipient_subject_id') }} as subject_id,
        {{ agreed('product_name_code') }} as product_name_code,
        {{ agreed('status') }} as status_code,
        {{ agreed('issued_date') }} as issued_date,
        {{ agreed('cancelled_date') }} as cancelled_date,
        min(component_id) as component_id
    from stated
    where therapy_order_id is not null
    group by therapy_order_id
)

select
    ordered.therapy_order_id,
    ordered.order_id,
    ordered.coi_id,
    ordered.subject_id,
    ordered.product_name_code,
    happened.sponsor_party_id,
    -- whoever took the order has its day; a hospital's own record stands where it tells none
    coalesce(ordered.issued_date, happened.issued_date) as issued_date,
    ordered.cancelled_date,
    ordered.status_code,
    ordered.component_id
from ordered
left join happened on ordered.therapy_order_id = happened.therapy_order_id
