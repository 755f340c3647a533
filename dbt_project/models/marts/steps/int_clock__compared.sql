{{ config(materialized='ephemeral') }}

-- One row is a comparison of one partner's clock with another's: an event that both saw, or a shipment that one sent and the other
-- received. `ahead_s` is what the first one's clock said minus what the other's said. Of a shipment it is not the difference of the clocks:
-- the way takes time, never less than none, so a receipt is at least as late, and a dispatch at most as early, as the clocks alone would
-- have it.
{%- set moments = [
    'apheresis_started', 'apheresis_completed', 'infusion_started', 'infusion_completed', 'shipment_packed', 'shipment_dispatched',
    'shipment_received',
] %}
with seen as (
    select
        event_id,
        event_type,
        party_id,
        min(sscc_id) as sscc_id,
        case
            when event_type in ('apheresis_completed', 'infusion_completed') then max(occurred_at_utc)
            else min(occurred_at_utc)
        end as seen_at_utc,
        min(component_id) as component_id
    from {{ ref('int_event__resolved') }}
    where
        occurred_at_utc is not null
        and {{ stands('status') }}
        and event_type in ('{{ moments | join("', '") }}')
    group by event_id, event_type, party_id
)

select
    mine.party_id,
    theirs.party_id as other_party_id,
    'seen_by_both' as comparison_code,
    mine.event_id,
    {{ seconds_between('theirs.seen_at_utc', 'mine.seen_at_utc') }} as ahead_s,
    mine.component_id
from seen as mine
inner join seen as theirs on mine.event_id = theirs.event_id and mine.party_id <> theirs.party_id
union all
select
    received.party_id,
    sent.party_id as other_party_id,
    'received' as comparison_code,
    received.event_id,
    {{ seconds_between('sent.seen_at_utc', 'received.seen_at_utc') }} as ahead_s,
    received.component_id
from seen as received
inner join seen as sent on received.sscc_id = sent.sscc_id and received.party_id <> sent.party_id
where received.event_type = 'shipment_received' and sent.event_type = 'shipment_dispatched'
union all
select
    sent.party_id,
    received.party_id as other_party_id,
    'sent' as comparison_code,
    sent.event_id,
    {{ seconds_between('received.seen_at_utc', 'sent.seen_at_utc') }} as ahead_s,
    sent.component_id
from seen as sent
inner join seen as received on sent.sscc_id = received.sscc_id and sent.party_id <> received.party_id
where received.event_type = 'shipment_received' and sent.event_type = 'shipment_dispatched'
