{{ config(materialized='table') }}

with fact as (
    {{ standing_facts('event') }}
),

named as (
    select
        {{ resolved_columns('event') }},
        fact.record_id,
        {{ subject_id() }} as subject_id,
        by_coi.release_token as coi_id,
        by_din.release_token as din_id,
        by_order.release_token as order_id,
        by_batch.release_token as batch_id,
        by_lot.release_token as lot_id,
        by_sscc.release_token as sscc_id,
        by_awb.release_token as awb_id,
        by_logger.release_token as logger_id,
        collection.collection_id,
        administration.administration_id,
        {{ own_columns('event') }}
    from fact
    {{ join_identifiers('fact', ['subject', 'coi', 'din', 'order', 'batch', 'lot', 'sscc', 'awb', 'logger']) }}
    left join {{ ref('int_collection__resolved') }} as collection on {{ same_record('fact', 'collection') }}
    left join {{ ref('int_administration__resolved') }} as administration on {{ same_record('fact', 'administration') }}
),

known_day as (
    select distinct
        event_type,
        subject_id,
        occurred_date
    from named
    where subject_id is not null and occurred_date is not null
),

-- a statement of a month or a year alone speaks of the one event of its type that the person had in it
only_day as (
    select
        named.event_statement_id,
        min(known_day.occurred_date) as occurred_date
    from named
    inner join known_day
        on
            named.event_type = known_day.event_type
            and named.subject_id = known_day.subject_id
            and {{ begins_with(text_of('known_day.occurred_date'), 'named.occurred_local') }}
    where named.occurred_precision in ('month', 'year')
    group by named.event_statement_id
    having count(*) = 1
)

select
    named.event_statement_id,
    named.source_delivery,
    named.source_row,
    named.source_item,
    named.source_object,
    named.fact,
    named.party_id,
    named.site_id,
    named.sequence,
    named.component_id,
    named.is_contested,
    case
        when named.event_type in ('apheresis_started', 'apheresis_completed') and named.collection_id is not null
            then {{ surrogate_key(["'event'", 'named.event_type', 'named.collection_id']) }}
        when named.event_type = 'collection_adverse_event' and named.collection_id is not null
            then {{ surrogate_key(["'event'", 'named.event_type', 'named.collection_id', 'named.detail_code']) }}
        when named.event_type in ('infusion_started', 'infusion_completed') and named.administration_id is not null
            then {{ surrogate_key(["'event'", 'named.event_type', 'named.administration_id']) }}
        when named.event_type = 'death_recorded' and named.subject_id is not null
            then {{ surrogate_key(["'event'", 'named.event_type', 'named.subject_id']) }}
        -- what became of a batch, certificates and the manufacturer say: it is out of specification once, and may be released
        -- conditionally and then without conditions
        when named.event_type = 'batch_oos' and named.batch_id is not null
            then {{ surrogate_key(["'event'", 'named.event_type', 'named.batch_id']) }}
        when named.event_type = 'batch_released' and named.batch_id is not null and named.occurred_date is not null
            then {{ surrogate_key(["'event'", 'named.event_type', 'named.batch_id', 'named.occurred_date']) }}
        -- a step of manufacture, of which a batch record states several parameters
        when
            named.event_type in (
                'starting_material_thawed', 'selection_completed', 'activation_started', 'transduction_or_editing', 'in_process_check',
                'harvest_completed', 'drug_product_filled', 'batch_terminated'
            )
            and named.batch_id is not null
            and named.occurred_date is not null
            then {{ surrogate_key(["'event'", 'named.event_type', 'named.batch_id', 'named.occurred_date']) }}
        -- a shipment is packed, dispatched and received once, however many donations are in it and whoever says so; it is scanned often
        when
            named.event_type in ('shipment_packed', 'shipment_dispatched', 'shipment_received')
            and named.sscc_id is not null
            and named.occurred_date is not null
            then {{ surrogate_key(["'event'", 'named.event_type', 'named.sscc_id', 'named.occurred_date']) }}
        when named.subject_id is not null and coalesce(named.occurred_date, only_day.occurred_date) is not null
            then {{ surrogate_key([
                "'event'", 'named.event_type', 'named.subject_id', 'coalesce(named.occurred_date, only_day.occurred_date)', 'named.detail_code',
            ]) }}
        else {{ surrogate_key(["'event_of_record'", 'named.record_id', 'named.fact']) }}
    end as event_id,
    named.subject_id,
    named.collection_id,
    named.administration_id,
    named.coi_id,
    named.din_id,
    named.order_id,
    named.batch_id,
    named.lot_id,
    named.sscc_id,
    named.awb_id,
    named.logger_id,
    {{ own_columns('event', 'named') }}
from named
left join only_day on named.event_statement_id = only_day.event_statement_id
