-- One row per handoff that the partner gave or received: its state, what the two sides' words make of it, and what became of the treatment.
with own as (
    select
        handoff.*,
        case when sender_party_id = $party then 'gave' else 'received' end as side
    from handoff
    where $party in (sender_party_id, receiver_party_id)
)

select
    own.handoff_id,
    own.handoff_code,
    own.side,
    own.status_code,
    coalesce(own.journey_id, own.batch_id, own.shipment_id, own.collection_id) as treatment_id,
    coalesce(own.sent_at_utc, own.received_at_utc, own.receiver_first_act_at_utc) as at_utc,
    own.transit_h,
    own.transit_limit_h,
    own.open_h,
    own.open_limit_h,
    own.sent_at_utc is not null as has_sent_time,
    own.received_at_utc is not null as has_received_time,
    own.status_code = 'open' and coalesce(own.open_h > own.open_limit_h, false) as is_overdue,
    own.transit_verdict = 'discrepant' as is_late,
    own.identity_verdict = 'discrepant' as is_identity_wrong,
    own.count_verdict = 'discrepant' as is_count_wrong,
    'impossible' in (own.time_order_verdict, own.transit_verdict) or own.time_order_verdict = 'discrepant' as is_time_wrong,
    own.temperature_verdict = 'discrepant' as is_temperature_wrong,
    own.seal_verdict = 'discrepant' as is_seal_wrong,
    own.papers_verdict = 'discrepant' as is_papers_wrong,
    own.status_code = 'lost' as is_lost,
    own.identity_verdict in ('match', 'discrepant') as is_identity_known,
    own.count_verdict in ('match', 'discrepant') as is_count_known,
    own.temperature_verdict in ('match', 'discrepant') as is_temperature_known,
    own.seal_verdict <> 'unknown' as is_seal_known,
    own.papers_verdict <> 'unknown' as is_papers_known
from own
