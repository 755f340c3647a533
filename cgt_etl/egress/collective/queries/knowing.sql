-- One row per batch or collection (subject) and party along its chain: whoever delivered a record of it or of what came before or after it,
-- gave it or received it, collected, infused or ordered it. Too many rather than too few: they all count as knowing its row.
with thing as (
    select
        batch_id as subject,
        'batch' as table_name,
        batch_id as row_key
    from batch
    union
    select
        batch_id as subject,
        'therapy_order' as table_name,
        therapy_order_id as row_key
    from batch
    union
    select
        batch_id as subject,
        'dose_unit' as table_name,
        dose_unit_id as row_key
    from dose_unit
    union
    select
        batch_id as subject,
        'collection' as table_name,
        collection_id as row_key
    from batch_collection
    union
    select
        collection_id as subject,
        'batch' as table_name,
        batch_id as row_key
    from batch_collection
    union
    select
        collection_id as subject,
        'collection' as table_name,
        collection_id as row_key
    from collection
    union
    select
        collection_id as subject,
        'therapy_order' as table_name,
        therapy_order_id as row_key
    from collection
),

further as (
    select
        subject,
        table_name,
        row_key
    from thing
    union
    select
        thing.subject,
        'product' as table_name,
        product.product_id as row_key
    from thing
    inner join product on thing.table_name = 'collection' and thing.row_key = product.collection_id
    union
    select
        thing.subject,
        'administration' as table_name,
        administration.administration_id as row_key
    from thing
    inner join administration on thing.table_name = 'therapy_order' and thing.row_key = administration.therapy_order_id
    union
    select
        thing.subject,
        'journey' as table_name,
        journey.journey_id as row_key
    from thing
    inner join journey on thing.table_name = 'therapy_order' and thing.row_key = journey.therapy_order_id
    union
    select
        thing.subject,
        'journey' as table_name,
        collection.journey_id as row_key
    from thing
    inner join collection on thing.table_name = 'collection' and thing.row_key = collection.collection_id
),

-- who delivered a record of a thing
told as (
    select
        table_name,
        row_key,
        source_delivery
    from row_source
    where row_key is not null
    union
    select
        'batch' as table_name,
        batch_id as row_key,
        source_delivery
    from measurement
    where batch_id is not null
    union
    select
        'collection' as table_name,
        collection_id as row_key,
        source_delivery
    from measurement
    where collection_id is not null
    union
    select
        'product' as table_name,
        product_id as row_key,
        source_delivery
    from measurement
    where product_id is not null
    union
    select
        'dose_unit' as table_name,
        dose_unit_id as row_key,
        source_delivery
    from measurement
    where dose_unit_id is not null
    union
    select
        'administration' as table_name,
        administration_id as row_key,
        source_delivery
    from measurement
    where administration_id is not null
    union
    select
        'batch' as table_name,
        batch_id as row_key,
        source_delivery
    from event
    where batch_id is not null
    union
    select
        'collection' as table_name,
        collection_id as row_key,
        source_delivery
    from event
    where collection_id is not null
    union
    select
        'product' as table_name,
        product_id as row_key,
        source_delivery
    from event
    where product_id is not null
    union
    select
        'dose_unit' as table_name,
        dose_unit_id as row_key,
        source_delivery
    from event
    where dose_unit_id is not null
    union
    select
        'administration' as table_name,
        administration_id as row_key,
        source_delivery
    from event
    where administration_id is not null
    union
    select
        'journey' as table_name,
        journey_id as row_key,
        source_delivery
    from outcome
    where journey_id is not null
    union
    select
        'batch' as table_name,
        batch_id as row_key,
        source_delivery
    from outcome
    where batch_id is not null
    union
    select
        'administration' as table_name,
        administration_id as row_key,
        source_delivery
    from outcome
    where administration_id is not null
),

-- who a thing went through
handled as (
    select
        'journey' as table_name,
        journey_id as row_key,
        sender_party_id as party_id
    from handoff
    where journey_id is not null
    union
    select
        'journey' as table_name,
        journey_id as row_key,
        receiver_party_id as party_id
    from handoff
    where journey_id is not null
    union
    select
        'batch' as table_name,
        batch_id as row_key,
        sender_party_id as party_id
    from handoff
    where batch_id is not null
    union
    select
        'batch' as table_name,
        batch_id as row_key,
        receiver_party_id as party_id
    from handoff
    where batch_id is not null
    union
    select
        'collection' as table_name,
        collection_id as row_key,
        sender_party_id as party_id
    from handoff
    where collection_id is not null
    union
    select
        'collection' as table_name,
        collection_id as row_key,
        receiver_party_id as party_id
    from handoff
    where collection_id is not null
    union
    select
        'administration' as table_name,
        administration_id as row_key,
        sender_party_id as party_id
    from handoff
    where administration_id is not null
    union
    select
        'administration' as table_name,
        administration_id as row_key,
        receiver_party_id as party_id
    from handoff
    where administration_id is not null
    union
    select
        'collection' as table_name,
        collection.collection_id as row_key,
        site.party_id
    from collection
    inner join site on collection.site_id = site.site_id
    union
    select
        'administration' as table_name,
        administration.administration_id as row_key,
        site.party_id
    from administration
    inner join site on administration.site_id = site.site_id
    union
    select
        'therapy_order' as table_name,
        therapy_order_id as row_key,
        sponsor_party_id as party_id
    from therapy_order
    union
    select
        told.table_name,
        told.row_key,
        delivery.party_id
    from told
    inner join delivery on told.source_delivery = delivery.delivery_id
)

select distinct
    further.subject,
    party.party_id,
    party.legal_entity
from further
inner join handled on further.table_name = handled.table_name and further.row_key = handled.row_key
inner join party on handled.party_id = party.party_id
