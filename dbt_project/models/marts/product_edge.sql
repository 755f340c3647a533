{{ config(pre_hook="{{ delete_touched() }}") }}

with edge as (
    select
        'collection' as parent_table,
        collection_id as parent_key,
        'product' as child_table,
        product_id as child_key,
        'create' as edge_type,
        volume_ml,
        component_id
    from {{ ref('product') }}
    where collection_id is not null and {{ only_touched() }}
    union all
    -- the batch record names donations, not all of their bags; a donation that no blood centre has sent yet has no row to lead to
    select distinct
        'collection' as parent_table,
        collection.collection_id as parent_key,
        'batch' as child_table,
        stated.batch_id as child_key,
        'consume' as edge_type,
        cast(null as {{ type_of('number') }}) as volume_ml,
        collection.component_id
    from {{ ref('int_batch_input__resolved') }} as stated
    inner join {{ ref('collection') }} as collection on stated.din_id = collection.din_id
    where {{ only_touched('collection.component_id') }}
    union all
    select
        'batch' as parent_table,
        batch_id as parent_key,
        'dose_unit' as child_table,
        dose_unit_id as child_key,
        'fill' as edge_type,
        cast(null as {{ type_of('number') }}) as volume_ml,
        component_id
    from {{ ref('dose_unit') }}
    where batch_id is not null and {{ only_touched() }}
    union all
    select distinct
        'dose_unit' as parent_table,
        dose_unit_id as parent_key,
        'administration' as child_table,
        administration_id as child_key,
        'administer' as edge_type,
        cast(null as {{ type_of('number') }}) as volume_ml,
        component_id
    from {{ ref('int_dose_unit__resolved') }}
    where dose_unit_id is not null and administration_id is not null and {{ only_touched() }}
)

select
    parent_table,
    parent_key,
    child_table,
    child_key,
    edge_type,
    volume_ml,
    cast(null as {{ type_of('number') }}) as cell_count_10_6,
    cast(null as {{ type_of('text') }}) as analyte,
    cast(null as {{ type_of('text') }}) as method,
    component_id
from edge
