{{ config(materialized='ephemeral') }}

-- Thing -> the journeys that it was made or carried for, each once: a batch of many doses has many, a donor's collection all of them.
with ordered as (
    select
        batch.batch_id,
        named.journey_id
    from {{ ref('batch') }} as batch
    inner join {{ ref('int_order__journey') }} as named on batch.therapy_order_id = named.therapy_order_id
),

of_batch as (
    select
        batch_id,
        journey_id
    from ordered
    union
    select
        batch.batch_id,
        recipient.journey_id
    from {{ ref('batch') }} as batch
    inner join {{ ref('int_subject__journey') }} as recipient on batch.recipient_subject_id = recipient.subject_id
    where batch.therapy_order_id is null
    union
    select
        dose_unit.batch_id,
        given.journey_id
    from {{ ref('int_dose_unit__resolved') }} as said
    inner join {{ ref('dose_unit') }} as dose_unit on said.dose_unit_id = dose_unit.dose_unit_id
    inner join {{ ref('administration') }} as given on said.administration_id = given.administration_id
    where dose_unit.batch_id is not null and given.journey_id is not null
),

-- donations of the cells that went into a batch; of a pool also those that were pooled
of_input as (
    select
        child_batch_id as batch_id,
        parent_din_id as din_id
    from {{ ref('int_product_edge__resolved') }}
    where child_batch_id is not null
    union
    select
        consumed.child_batch_id as batch_id,
        pooled.parent_din_id as din_id
    from {{ ref('int_product_edge__resolved') }} as consumed
    inner join {{ ref('int_product_edge__resolved') }} as pooled
        on consumed.parent_din_id = pooled.child_din_id and pooled.edge_type = 'pool'
    where consumed.child_batch_id is not null
),

of_collection as (
    select
        collection_id,
        din_id,
        journey_id
    from {{ ref('collection') }}
    where journey_id is not null
    union
    select
        collection.collection_id,
        collection.din_id,
        of_batch.journey_id
    from of_input as input
    inner join {{ ref('collection') }} as collection on input.din_id = collection.din_id
    inner join of_batch on input.batch_id = of_batch.batch_id
    where collection.journey_id is null
    union
    -- a graft is infused under the number of its donation
    select
        collection.collection_id,
        collection.din_id,
        given.journey_id
    from {{ ref('int_event__resolved') }} as infused
    inner join {{ ref('collection') }} as collection on infused.din_id = collection.din_id
    inner join {{ ref('administration') }} as given on infused.administration_id = given.administration_id
    where infused.event_type = 'infusion_started' and collection.journey_id is null and given.journey_id is not null
),

of_shipment as (
    select
        packed.sscc_id,
        of_collection.journey_id
    from {{ ref('int_event__resolved') }} as packed
    inner join of_collection on packed.din_id = of_collection.din_id
    where packed.event_type = 'shipment_packed' and packed.sscc_id is not null and {{ stands('packed.status') }}
    union
    -- a lot made for no order is off the shelf and goes to several patients: which of them a shipment was for, the lot does not tell
    select
        packed.sscc_id,
        ordered.journey_id
    from {{ ref('int_event__resolved') }} as packed
    inner join {{ ref('dose_unit') }} as dose_unit on packed.lot_id = dose_unit.lot_id
    inner join ordered on dose_unit.batch_id = ordered.batch_id
    where packed.event_type = 'shipment_packed' and packed.sscc_id is not null and {{ stands('packed.status') }}
)

select
    'batch' as object_type,
    batch_id as object_id,
    journey_id
from of_batch
union all
select
    'collection' as object_type,
    collection_id as object_id,
    journey_id
from of_collection
union all
select
    'shipment' as object_type,
    {{ surrogate_key(["'shipment'", 'sscc_id']) }} as object_id,
    journey_id
from of_shipment
