{{ config(materialized='ephemeral') }}

-- One row per journey and order in it; a patient whom no order names has one journey without.
-- Orders under two chain-of-identity ids that one infusion ends are one journey, led by the smaller key.
with ended as (
    select
        said.administration_id,
        {{ therapy_order_key('said.coi_id', 'said.order_id', 'named.coi_id') }} as therapy_order_id
    from {{ ref('int_administration__resolved') }} as said
    left join {{ ref('int_therapy_order__named') }} as named on said.order_id = named.order_id
    where said.is_given
),

leader_of_infusion as (
    select
        administration_id,
        min(therapy_order_id) as leader_id
    from ended
    group by administration_id
),

leader_of_order as (
    select
        ended.therapy_order_id,
        min(leader_of_infusion.leader_id) as leader_id
    from ended
    inner join leader_of_infusion on ended.administration_id = leader_of_infusion.administration_id
    where ended.therapy_order_id is not null
    group by ended.therapy_order_id
),

ordered as (
    select
        therapy_order.subject_id,
        therapy_order.therapy_order_id,
        coalesce(leader_of_order.leader_id, therapy_order.therapy_order_id) as leader_id,
        therapy_order.component_id
    from {{ ref('therapy_order') }} as therapy_order
    left join leader_of_order on therapy_order.therapy_order_id = leader_of_order.therapy_order_id
    where therapy_order.subject_id is not null
),

unordered as (
    select
        subject.subject_id,
        cast(null as {{ type_of('text') }}) as therapy_order_id,
        cast(null as {{ type_of('text') }}) as leader_id,
        subject.component_id
    from {{ ref('subject') }} as subject
    left join ordered on subject.subject_id = ordered.subject_id
    where ordered.subject_id is null and coalesce(subject.role_code, 'patient') <> 'donor'
)

select
    {{ surrogate_key(["'journey'", 'subject_id', 'leader_id']) }} as journey_id,
    subject_id,
    therapy_order_id,
    leader_id,
    component_id
from ordered
union all
select
    {{ surrogate_key(["'journey'", 'subject_id', 'leader_id']) }} as journey_id,
    subject_id,
    therapy_order_id,
    leader_id,
    component_id
from unordered
