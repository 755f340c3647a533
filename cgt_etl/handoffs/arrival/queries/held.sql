-- One row per change of hands of the dose, of its batch, and of the starting material of the same treatment; none of another dose's.
with carried as (
    select distinct
        shipment_id,
        dose_unit_id
    from event
    where shipment_id is not null and dose_unit_id is not null
),

dose as (
    select
        dose_unit.batch_id,
        journey.journey_id
    from dose_unit
    left join batch on dose_unit.batch_id = batch.batch_id
    left join journey on batch.therapy_order_id = journey.therapy_order_id
    where dose_unit.dose_unit_id = $dose
),

told as (
    select distinct handoff.*
    from handoff
    inner join dose on
        handoff.batch_id = dose.batch_id
        or handoff.shipment_id in (select shipment_id from carried where dose_unit_id = $dose)
        or (
            handoff.journey_id = dose.journey_id and handoff.batch_id is null
            and (handoff.shipment_id is null or handoff.shipment_id not in (select shipment_id from carried))
        )
)

select
    told.handoff_code,
    sender.party_name as sender_name,
    receiver.party_name as receiver_name,
    told.sent_at_utc,
    coalesce(told.received_at_utc, told.receiver_first_act_at_utc) as had_at_utc,
    told.received_at_utc is null and told.receiver_first_act_at_utc is not null as is_first_act,
    told.transit_h,
    told.status_code,
    told.identity_verdict,
    told.count_verdict,
    told.time_order_verdict,
    told.transit_verdict,
    told.temperature_verdict,
    told.seal_verdict,
    told.papers_verdict,
    told.shipment_id in (select shipment_id from carried where dose_unit_id = $dose) as is_of_dose
from told
left join party as sender on told.sender_party_id = sender.party_id
left join party as receiver on told.receiver_party_id = receiver.party_id
