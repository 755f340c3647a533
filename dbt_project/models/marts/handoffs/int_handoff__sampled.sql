{{ config(materialized='ephemeral') }}

-- One row is a batch of which samples go to the laboratory that tests it for release (H10): the manufacturer tells when it filled the
-- batch and for which chain of identity, the laboratory's certificate for which it tested. When the samples came no feed says; its first
-- certificate shows that it had them.
with said as (
    select
        batch_id,
        from_party_id as party_id,
        event_type,
        event_id,
        coi_id,
        occurred_at_utc,
        component_id,
        row_number() over (
            partition by batch_id, event_type
            order by occurred_at_utc asc nulls last, event_statement_id asc
        ) as rank_no
    from {{ ref('int_event__resolved') }}
    where
        batch_id is not null
        and from_party_id is not null
        and event_type in ('drug_product_filled', 'qc_result_reported')
        and {{ stands('status') }}
),

side as (
    select
        batch_id,
        event_type,
        {{ agreed('party_id') }} as party_id,
        {{ agreed('coi_id') }} as coi_id,
        max(case when rank_no = 1 then event_id end) as event_id,
        max(case when rank_no = 1 then occurred_at_utc end) as occurred_at_utc,
        min(component_id) as component_id
    from said
    group by batch_id, event_type
),

batch as (
    select
        batch_id,
        min(component_id) as component_id
    from side
    group by batch_id
)

select
    'H10' as handoff_code,
    {{ nulls('text', ['shipment_id', 'collection_id']) }},
    batch.batch_id,
    {{ nulls('text', ['administration_id']) }},
    batch.batch_id as item_id,
    filled.party_id as sender_party_id,
    tested.party_id as receiver_party_id,
    filled.event_id as sender_event_id,
    tested.event_id as receiver_event_id,
    {{ nulls('instant', ['sender_last_act_at_utc']) }},
    filled.occurred_at_utc as sent_at_utc,
    {{ nulls('instant', ['received_at_utc']) }},
    tested.occurred_at_utc as receiver_first_act_at_utc,
    cast(case when filled.batch_id is not null then 1 end as {{ type_of('integer') }}) as sender_item_count,
    cast(case when tested.batch_id is not null then 1 end as {{ type_of('integer') }}) as receiver_item_count,
    {{ nulls('number', ['sender_cells_10_9', 'receiver_cells_10_9']) }},
    filled.occurred_at_utc is not null as has_sender_time,
    tested.occurred_at_utc is not null as has_receiver_time,
    coalesce(filled.coi_id <> tested.coi_id, false) as is_contradicted,
    {{ nulls('date', ['discarded_date']) }},
    {{ nulls('instant', ['qualified_until_at_utc']) }},
    {{ nulls('number', ['out_of_specification_min', 'transit_limit_h']) }},
    -- final sterility takes four weeks; a batch without any certificate after six has none coming
    cast(1008 as {{ type_of('number') }}) as open_limit_h,
    batch.component_id
from batch
left join side as filled on batch.batch_id = filled.batch_id and filled.event_type = 'drug_product_filled'
left join side as tested on batch.batch_id = tested.batch_id and tested.event_type = 'qc_result_reported'
