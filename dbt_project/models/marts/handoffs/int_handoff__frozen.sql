{{ config(materialized='ephemeral') }}

-- One row is a collected donation that a processing laboratory of another partner says it has received to freeze (H05): the collector
-- tells when the collection ended and how many nucleated cells it gave, the laboratory when it had them, when it began to freeze and
-- what it counted. A collector that freezes its own tells of no change of hands.
with collected as (
    select
        din_id,
        {{ agreed('from_party_id') }} as party_id,
        min(event_id) as event_id,
        min(collection_id) as collection_id,
        max(occurred_at_utc) as ended_at_utc
    from {{ ref('int_event__resolved') }}
    where event_type = 'apheresis_completed' and from_party_id is not null and din_id is not null and {{ stands('status') }}
    group by din_id
),

begun as (
    select
        din_id,
        party_id,
        from_party_id,
        event_id,
        occurred_at_utc,
        component_id,
        row_number() over (partition by din_id, party_id order by occurred_at_utc asc nulls last, event_id asc) as rank_no
    from {{ ref('int_event__resolved') }}
    where event_type = 'cryopreservation_started' and din_id is not null and {{ stands('status') }}
),

-- one count of a sample stands again with each of its components
counted as (
    select
        din_id,
        party_id,
        coalesce(sample_id, measurement_statement_id) as sample_id,
        min(occurred_at_utc) as received_at_utc,
        max(case when comparator is null then value end) as cells_10_9
    from {{ ref('int_measurement__resolved') }}
    where measurement = 'product_tnc' and din_id is not null and {{ stands('status') }}
    group by din_id, party_id, coalesce(sample_id, measurement_statement_id)
),

received as (
    select
        din_id,
        party_id,
        min(received_at_utc) as received_at_utc,
        {{ complete_sum('cells_10_9') }} as cells_10_9
    from counted
    group by din_id, party_id
)

select
    'H05' as handoff_code,
    cast(null as {{ type_of('text') }}) as shipment_id,
    coalesce(collected.collection_id, collection.collection_id) as collection_id,
    {{ nulls('text', ['batch_id', 'administration_id']) }},
    begun.din_id || '|' || begun.party_id as item_id,
    collected.party_id as sender_party_id,
    begun.party_id as receiver_party_id,
    collected.event_id as sender_event_id,
    begun.event_id as receiver_event_id,
    {{ nulls('instant', ['sender_last_act_at_utc']) }},
    collected.ended_at_utc as sent_at_utc,
    received.received_at_utc,
    begun.occurred_at_utc as receiver_first_act_at_utc,
    cast(case when collected.din_id is not null then 1 end as {{ type_of('integer') }}) as sender_item_count,
    cast(1 as {{ type_of('integer') }}) as receiver_item_count,
    case when collected.din_id is not null then collection.tnc_yield_10_9 end as sender_cells_10_9,
    received.cells_10_9 as receiver_cells_10_9,
    collected.ended_at_utc is not null as has_sender_time,
    coalesce(received.received_at_utc, begun.occurred_at_utc) is not null as has_receiver_time,
    false as is_contradicted,
    {{ nulls('date', ['discarded_date']) }},
    {{ nulls('instant', ['qualified_until_at_utc']) }},
    {{ nulls('number', ['out_of_specification_min']) }},
    -- `handoffs.csv`: 24 to 48 hours from the end of the collection
    cast(48 as {{ type_of('number') }}) as transit_limit_h,
    cast(48 as {{ type_of('number') }}) as open_limit_h,
    begun.component_id
from begun
left join collected on begun.din_id = collected.din_id
left join {{ ref('collection') }} as collection on begun.din_id = collection.din_id
left join received on begun.din_id = received.din_id and begun.party_id = received.party_id
where
    begun.rank_no = 1
    -- who freezes what it collected gives it to nobody
    and begun.from_party_id is null
    and coalesce(collected.party_id <> begun.party_id, true)
