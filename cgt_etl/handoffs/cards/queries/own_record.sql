-- One row per handoff and record of the partner's own deliveries that speaks of it: of its giving or receiving, else of the collection, batch
-- or infusion of the same treatment. The nearest has rank 1.
with own as (
    select
        handoff_id,
        journey_id,
        collection_id,
        batch_id,
        administration_id,
        sender_event_id,
        receiver_event_id
    from handoff
    where $party in (sender_party_id, receiver_party_id)
),

spoken as (
    select
        handoff_id,
        'event' as table_name,
        sender_event_id as row_key,
        1 as rank_no
    from own
    union all
    select
        handoff_id,
        'event' as table_name,
        receiver_event_id as row_key,
        1 as rank_no
    from own
    union all
    select
        own.handoff_id,
        'collection' as table_name,
        collection.collection_id as row_key,
        2 as rank_no
    from own
    inner join collection on own.collection_id = collection.collection_id or own.journey_id = collection.journey_id
    union all
    select
        own.handoff_id,
        'batch' as table_name,
        batch.batch_id as row_key,
        2 as rank_no
    from own
    left join journey on own.journey_id = journey.journey_id
    inner join batch on own.batch_id = batch.batch_id or journey.therapy_order_id = batch.therapy_order_id
    union all
    select
        own.handoff_id,
        'administration' as table_name,
        administration.administration_id as row_key,
        2 as rank_no
    from own
    inner join administration on own.administration_id = administration.administration_id or own.journey_id = administration.journey_id
),

recorded as (
    select
        spoken.handoff_id,
        spoken.rank_no,
        row_source.source_delivery,
        row_source.source_row_first as source_row
    from spoken
    inner join row_source on spoken.table_name = row_source.table_name and spoken.row_key = row_source.row_key
    union
    select
        spoken.handoff_id,
        spoken.rank_no,
        event.source_delivery,
        event.source_row
    from spoken
    inner join event on spoken.row_key = event.event_id and spoken.table_name = 'event'
)

select
    handoff_id,
    min(rank_no) as rank_no,
    source_delivery,
    source_row
from recorded
where source_delivery like replace($party, '_', '\_') || '/%' escape '\'
group by handoff_id, source_delivery, source_row
