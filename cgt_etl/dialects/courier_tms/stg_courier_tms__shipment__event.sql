with event as (
    select
        {{ fact_columns('shipment_dispatched') }},
        'shipment_dispatched' as event_type,
        {{ time_from_instant('picked_up', 'occurred') }},
        awb,
        logger
    from {{ ref('stg_courier_tms__shipment') }}

    union all

    select
        {{ fact_columns('shipment_received') }},
        'shipment_received' as event_type,
        {{ time_from_instant('delivered', 'occurred') }},
        awb,
        logger
    from {{ ref('stg_courier_tms__shipment') }}
)

select
    source_delivery,
    source_row,
    source_item,
    source_object,
    fact,
    party_id,
    site_id,
    sequence,
    record_key,
    false as is_anonymous,
    event_type,
    {{ landed_time('occurred') }},
    'completed' as status,
    awb as awb_token,
    logger as logger_token,
    -- the courier's own part: it takes what is dispatched and gives what is received
    case when event_type = 'shipment_received' then party_id end as from_party_id,
    case when event_type = 'shipment_dispatched' then party_id end as to_party_id,
    {{ unstated('event', [
        'is_anonymous', 'event_type', 'occurred', 'status', 'awb_token', 'logger_token', 'from_party_id', 'to_party_id',
    ]) }}
from event
where occurred_local is not null
