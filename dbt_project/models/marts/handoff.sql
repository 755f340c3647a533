{#- Kinds of handoffs of which two partners tell something, one model for each way of telling. -#}
{%- set kinds = ['int_handoff__shipped', 'int_handoff__frozen', 'int_handoff__sampled'] -%}
{%- set columns = [
    'handoff_code', 'item_id', 'shipment_id', 'collection_id', 'batch_id', 'administration_id', 'sender_party_id', 'receiver_party_id',
    'sender_event_id', 'receiver_event_id', 'sender_last_act_at_utc', 'sent_at_utc', 'received_at_utc', 'receiver_first_act_at_utc',
    'sender_item_count', 'receiver_item_count', 'sender_cells_10_9', 'receiver_cells_10_9', 'has_sender_time',
    'has_receiver_time', 'is_contradicted', 'discarded_date', 'qualified_until_at_utc', 'out_of_specification_min', 'transit_limit_h',
    'open_limit_h', 'component_id',
] -%}

with told as (
    {%- for kind in kinds %}
    select
        {{ columns | join(',\n        ') }}
    from {{ ref(kind) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- a partner's clock may differ from the others' by so much
clock as (
    {{ clock_allowances() }}
),

-- the edge of the data: what is open, is open as of the last that any carrier told
edge as (
    select max(occurred_at_utc) as edge_at_utc
    from {{ ref('event') }}
    where event_type in ('shipment_packed', 'shipment_dispatched', 'shipment_received') and {{ stands('status_code') }}
),

-- the one journey that both sides' events are in
seen as (
    select
        item_id,
        sender_event_id as event_id
    from told
    union
    select
        item_id,
        receiver_event_id as event_id
    from told
),

placed as (
    select
        seen.item_id,
        {{ agreed('journey_event.journey_id') }} as journey_id
    from seen
    inner join {{ ref('journey_event') }} as journey_event on seen.event_id = journey_event.event_id
    group by seen.item_id
),

timed as (
    select
        told.*,
        coalesce(placed.journey_id, given.journey_id) as journey_id,
        therapy_order.status_code as order_status_code,
        edge.edge_at_utc,
        -- a minute, because many clocks say no seconds
        60 + coalesce(sender_clock.allowed_s, 0) + coalesce(receiver_clock.allowed_s, 0) as allowed_s,
        {{ seconds_between('told.sent_at_utc', 'told.received_at_utc') }} as transit_s,
        {{ seconds_between('told.sent_at_utc', 'told.receiver_first_act_at_utc') }} as to_first_act_s,
        {{ seconds_between('told.received_at_utc', 'told.receiver_first_act_at_utc') }} as from_receipt_s,
        {{ seconds_between('told.sender_last_act_at_utc', 'told.sent_at_utc') }} as from_last_act_s,
        {{ seconds_between('told.sender_last_act_at_utc', 'told.received_at_utc') }} as to_receipt_s
    from told
    cross join edge
    left join placed on told.item_id = placed.item_id
    left join {{ ref('administration') }} as given on told.administration_id = given.administration_id
    left join {{ ref('journey') }} as journey on coalesce(placed.journey_id, given.journey_id) = journey.journey_id
    left join {{ ref('therapy_order') }} as therapy_order on journey.therapy_order_id = therapy_order.therapy_order_id
    left join clock as sender_clock on told.sender_party_id = sender_clock.party_id
    left join clock as receiver_clock on told.receiver_party_id = receiver_clock.party_id
),

ended as (
    select
        timed.*,
        case
            when timed.received_at_utc is not null or timed.receiver_first_act_at_utc is not null then 'received'
            when timed.discarded_date >= cast(timed.sent_at_utc as date) then 'lost'
            when timed.order_status_code = 'cancelled' then 'cancelled'
            else 'open'
        end as status_code
    from timed
),

aged as (
    select
        ended.*,
        -- what was given after the last that a carrier told is open since no time
        case
            when ended.status_code = 'open' and ended.edge_at_utc < ended.sent_at_utc then 0
            when ended.status_code = 'open' then round({{ seconds_between('ended.sent_at_utc', 'ended.edge_at_utc') }} / 3600.0, 6)
        end as open_h
    from ended
),

-- what either side says of seal and papers; the carrier's own reading of the seal is what it gives on. Of a box whose contents no record
-- names, the kind is told from where it went, and that is too little to say which papers it needs.
verified as (
    select
        aged.*,
        read.read_out_of_specification_min,
        case
            when aged.handoff_code in ('H07', 'H13') then checked.packed_seal_id
            else coalesce(checked.picked_up_seal_id, checked.packed_seal_id)
        end as sender_seal_id,
        case when aged.handoff_code in ('H07', 'H13') then checked.picked_up_seal_id else checked.received_seal_id end as receiver_seal_id,
        case
            when aged.handoff_code in ('H07', 'H13') then checked.is_seal_whole_at_pickup
            else checked.is_seal_whole_at_receipt
        end as is_seal_whole,
        case
            when coalesce(aged.sender_item_count, aged.receiver_item_count, 0) > 0
                then {{ has_papers('aged.handoff_code', 'checked', taker=false) }}
        end as has_sender_papers,
        case
            when coalesce(aged.sender_item_count, aged.receiver_item_count, 0) > 0
                then {{ has_papers('aged.handoff_code', 'checked', taker=true) }}
        end as has_receiver_papers
    from aged
    left join {{ ref('int_shipment__checked') }} as checked on aged.shipment_id = checked.shipment_id
    left join {{ ref('shipment') }} as read on aged.shipment_id = read.shipment_id
)

select
    {{ surrogate_key(["'handoff'", 'item_id']) }} as handoff_id,
    handoff_code,
    journey_id,
    sender_party_id,
    receiver_party_id,
    shipment_id,
    collection_id,
    batch_id,
    administration_id,
    sender_event_id,
    receiver_event_id,
    sender_last_act_at_utc,
    sent_at_utc,
    received_at_utc,
    receiver_first_act_at_utc,
    round(transit_s / 3600.0, 6) as transit_h,
    transit_limit_h,
    sender_item_count,
    receiver_item_count,
    sender_cells_10_9,
    receiver_cells_10_9,
    status_code,
    open_h,
    open_limit_h,
    case
        when is_contradicted then 'discrepant'
        when sender_item_count > 0 and receiver_item_count > 0 then 'match'
        when sender_item_count > 0 then 'sender_only'
        when receiver_item_count > 0 then 'receiver_only'
        else 'unknown'
    end as identity_verdict,
    case
        -- cells of one bag, counted by two: as R12 has it of a parent and its children
        when sender_cells_10_9 > 0 and receiver_cells_10_9 / sender_cells_10_9 between 0.7 and 1.1 then 'match'
        when sender_cells_10_9 > 0 and receiver_cells_10_9 is not null then 'discrepant'
        when sender_cells_10_9 is not null then 'sender_only'
        when receiver_cells_10_9 is not null then 'receiver_only'
        when shipment_id is null then 'unknown'
        when sender_item_count = receiver_item_count then 'match'
        when is_contradicted and sender_item_count < receiver_item_count then 'discrepant'
        -- who tells of some of the things does not say that the others were not there
        when coalesce(sender_item_count, 0) > coalesce(receiver_item_count, 0) then 'sender_only'
        when coalesce(sender_item_count, 0) < coalesce(receiver_item_count, 0) then 'receiver_only'
        else 'unknown'
    end as count_verdict,
    case
        when transit_s < -allowed_s or to_first_act_s < -allowed_s or to_receipt_s < -allowed_s then 'impossible'
        when from_receipt_s < -allowed_s or from_last_act_s < -allowed_s then 'discrepant'
        when has_sender_time and has_receiver_time then 'match'
        when has_sender_time then 'sender_only'
        when has_receiver_time then 'receiver_only'
        else 'unknown'
    end as time_order_verdict,
    case
        when transit_s < -allowed_s then 'impossible'
        when received_at_utc > qualified_until_at_utc or transit_s > transit_limit_h * 3600 then 'discrepant'
        when transit_s is not null and (qualified_until_at_utc is not null or transit_limit_h is not null) then 'match'
        when sent_at_utc is not null and received_at_utc is null then 'sender_only'
        when received_at_utc is not null and sent_at_utc is null then 'receiver_only'
        else 'unknown'
    end as transit_verdict,
    case
        when out_of_specification_min > 0 then 'discrepant'
        -- readings of the way are the box's own; a carrier's sum without them is its word alone
        when out_of_specification_min = 0 and read_out_of_specification_min = 0 then 'match'
        when out_of_specification_min = 0 then 'sender_only'
        else 'unknown'
    end as temperature_verdict,
    case
        when not is_seal_whole or sender_seal_id <> receiver_seal_id then 'discrepant'
        when sender_seal_id = receiver_seal_id then 'match'
        when sender_seal_id is not null then 'sender_only'
        when receiver_seal_id is not null or is_seal_whole then 'receiver_only'
        else 'unknown'
    end as seal_verdict,
    case
        when not has_sender_papers or not has_receiver_papers then 'discrepant'
        when has_sender_papers and has_receiver_papers then 'match'
        when has_sender_papers then 'sender_only'
        when has_receiver_papers then 'receiver_only'
        else 'unknown'
    end as papers_verdict,
    component_id
from verified
