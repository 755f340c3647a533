{{ config(materialized='ephemeral') }}

with statement as (
    select
        said.*,
        {{ surrogate_key(["'shipment'", 'said.sscc_id']) }} as shipment_id,
        row_number() over (
            partition by said.sscc_id, said.event_type
            order by said.occurred_at_utc asc nulls last, said.event_statement_id asc
        ) as rank_no,
        -- the record that speaks for the shipment: of its dispatch, else of its packing, else of its receipt
        row_number() over (
            partition by said.sscc_id
            order by
                case said.event_type when 'shipment_dispatched' then 1 when 'shipment_packed' then 2 else 3 end asc,
                said.occurred_at_utc asc nulls last,
                said.event_statement_id asc
        ) as record_rank_no
    from {{ ref('int_event__resolved') }} as said
    where
        said.sscc_id is not null
        and said.event_type in ('shipment_packed', 'shipment_dispatched', 'shipment_received')
        and {{ stands('said.status') }}
)

select
    shipment_id,
    sscc_id,
    max(case when event_type = 'shipment_packed' and rank_no = 1 then occurred_at_utc end) as packed_at_utc,
    max(case when event_type = 'shipment_dispatched' and rank_no = 1 then occurred_at_utc end) as sent_at_utc,
    max(case when event_type = 'shipment_received' and rank_no = 1 then occurred_at_utc end) as received_at_utc,
    -- who had it before dispatch and who has it after receipt; null where two statements differ
    {{ agreed("case when event_type = 'shipment_dispatched' then from_gln end") }} as from_gln,
    {{ agreed("case when event_type = 'shipment_received' then to_gln end") }} as to_gln,
    max(case when record_rank_no = 1 then source_delivery end) as source_delivery,
    max(case when record_rank_no = 1 then source_row end) as source_row,
    min(component_id) as component_id
from statement
group by shipment_id, sscc_id
