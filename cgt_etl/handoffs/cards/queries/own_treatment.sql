-- One row per treatment (a journey) that the partner's handoffs or collections were part of, and how far it came. Infusions alone do not
-- count: who is known by an infusion was infused.
with handled as (
    select journey_id
    from handoff
    where $party in (sender_party_id, receiver_party_id)
    union
    select collection.journey_id
    from collection
    inner join site on collection.site_id = site.site_id
    where site.party_id = $party
),

made as (
    select
        journey.journey_id,
        max(case when batch.disposition_code in ('released', 'conditional') then 1 else 0 end) as has_released,
        max(case when batch.disposition_code in ('out_of_specification', 'terminated', 'rejected') then 1 else 0 end) as has_failed,
        count(batch.disposition_code) as decided_count
    from journey
    inner join batch on journey.therapy_order_id = batch.therapy_order_id
    group by journey.journey_id
),

died as (
    select
        subject_id,
        min(occurred_date) as died_date
    from event
    where event_type = 'death_recorded'
    group by subject_id
),

-- steps out of their order, by the rules of paths
strayed as (
    select
        journey_id,
        count(*) as deviation_count
    from finding
    where rule_id in ('R20', 'R21', 'R45') and journey_id is not null
    group by journey_id
),

edge as (
    select cast(max(greatest(sent_at_utc, received_at_utc, receiver_first_act_at_utc)) as date) as edge_date
    from main.handoff
)

select
    journey.journey_id as treatment_id,
    journey.subject_id,
    journey.first_collection_date as collected_date,
    journey.first_infusion_date as infused_date,
    least(therapy_order.cancelled_date, died.died_date) as dropped_date,
    edge.edge_date,
    -- a graft is given as it was collected
    coalesce(journey.modality_code, '') in ('auto_cart', 'ghsc', 'allo') or journey.attempt_count > 0 as is_to_manufacture,
    journey.attempt_count > 0 as is_manufactured,
    coalesce(made.has_released, 0) = 1 as has_released,
    coalesce(made.has_failed, 0) = 1 as has_failed,
    coalesce(made.decided_count, 0) > 0 as is_decided,
    journey.infusion_count > 0 as is_infused,
    coalesce(strayed.deviation_count, 0) as deviation_count
from handled
inner join journey on handled.journey_id = journey.journey_id
cross join edge
left join therapy_order on journey.therapy_order_id = therapy_order.therapy_order_id
left join made on journey.journey_id = made.journey_id
left join died on journey.subject_id = died.subject_id
left join strayed on journey.journey_id = strayed.journey_id
