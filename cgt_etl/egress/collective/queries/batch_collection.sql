-- One row per batch and collection that its cells came from, as orders and genealogy say.
select
    batch.batch_id,
    collection.collection_id
from batch
inner join collection on batch.therapy_order_id = collection.therapy_order_id
union
select
    child_key as batch_id,
    parent_key as collection_id
from product_edge
where parent_table = 'collection' and child_table = 'batch'
union
select
    product_edge.child_key as batch_id,
    product.collection_id
from product_edge
inner join product on product_edge.parent_key = product.product_id
where product_edge.parent_table = 'product' and product_edge.child_table = 'batch' and product.collection_id is not null
