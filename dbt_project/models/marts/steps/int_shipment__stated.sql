{{ config(materialized='ephemeral') }}

-- One row is one shipment: a container by its serial shipping container code, with its air waybill; or an air waybill of whose container
-- nobody speaks.

with said as (
    select
        sscc_id,
        awb_id,
        logger_id,
        event_type,
        occurred_at_utc,
        from_gln,
        to_gln,
        event_statement_id,
        source_delivery,
        source_row,
        component_id
    from {{ ref('int_event__resolved') }}
    where
        (sscc_id is not null or awb_id is not null)
        and event_type in ('shipment_packed', 'shipment_dispatched', 'shipment_in_transit_scan', 'shipment_received')
        and {{ stands('status') }}
),

-- a record that states both; else a container and an air waybill with one logger, dispatched within a day of each other
paired as (
    select
        awb_id,
        sscc_id
    from said
    where awb_id is not null and sscc_id is not null
    union
    select
        waybill.awb_id,
        container.sscc_id
    from said as waybill
    inner join said as container on waybill.logger_id = container.logger_id
    inner join said as sent on container.sscc_id = sent.sscc_id
    where
        waybill.sscc_id is null
        and waybill.event_type = 'shipment_dispatched'
        and sent.event_type = 'shipment_dispatched'
        and {{ seconds_between('sent.occurred_at_utc', 'waybill.occurred_at_utc') }} between -86400 and 86400
),

-- one container and several waybills, or the other way about: nobody knows which is whose
container_of as (
    select
        awb_id,
        min(sscc_id) as sscc_id
    from paired
    group by awb_id
    having count(distinct sscc_id) = 1
),

waybill_of as (
    select
        sscc_id,
        min(awb_id) as awb_id
    from container_of
    group by sscc_id
    having count(*) = 1
),

placed as (
    select
        said.*,
        coalesce(said.sscc_id, waybill_of.sscc_id) as container_id,
        case when coalesce(said.sscc_id, waybill_of.sscc_id) is null then said.awb_id end as lone_awb_id,
        -- what the container's own records say comes before what a carrier says of its waybill
        case when said.sscc_id is null then 1 else 0 end as is_of_carrier
    from said
    left join waybill_of on said.awb_id = waybill_of.awb_id
),

statement as (
    select
        *,
        case
            when container_id is not null then {{ surrogate_key(["'shipment'", 'container_id']) }}
            else {{ surrogate_key(["'shipment_by_air_waybill'", 'lone_awb_id']) }}
        end as shipment_id,
        row_number() over (
            partition by container_id, lone_awb_id, event_type
            order by is_of_carrier asc, occurred_at_utc asc nulls last, event_statement_id asc
        ) as rank_no,
        -- the record that speaks for the shipment: of its dispatch, else of its packing, else of its receipt, else of a scan
        row_number() over (
            partition by container_id, lone_awb_id
            order by
                is_of_carrier asc,
                case event_type
                    when 'shipment_dispatched' then 1
                    when 'shipment_packed' then 2
                    when 'shipment_received' then 3
                    else 4
                end asc,
                occurred_at_utc asc nulls last,
                event_statement_id asc
        ) as record_rank_no
    from placed
)

select
    statement.shipment_id,
    statement.container_id as sscc_id,
    coalesce(min(waybill_of.awb_id), min(statement.lone_awb_id)) as awb_id,
    max(case when statement.event_type = 'shipment_packed' and statement.rank_no = 1 then statement.occurred_at_utc end) as packed_at_utc,
    max(case when statement.event_type = 'shipment_dispatched' and statement.rank_no = 1 then statement.occurred_at_utc end) as sent_at_utc,
    max(case when statement.event_type = 'shipment_received' and statement.rank_no = 1 then statement.occurred_at_utc end)
        as received_at_utc,
    -- who had it before dispatch and who has it after receipt; null where two statements differ
    {{ agreed("case when statement.event_type = 'shipment_dispatched' then statement.from_gln end") }} as from_gln,
    {{ agreed("case when statement.event_type = 'shipment_received' then statement.to_gln end") }} as to_gln,
    max(case when statement.record_rank_no = 1 then statement.source_delivery end) as source_delivery,
    max(case when statement.record_rank_no = 1 then statement.source_row end) as source_row,
    min(case when statement.record_rank_no = 1 then statement.component_id end) as component_id
from statement
left join waybill_of on statement.container_id = waybill_of.sscc_id
group by statement.shipment_id, statement.container_id
