-- Bags that are known of a donation, each once.
with bag as (
    select
        din_id,
        product_id,
        coalesce(min({{ bag_division() }}), '00') as division,
        min(collection_id) as collection_id
    from {{ ref('int_product__resolved') }}
    where din_id is not null
    group by din_id, product_id
),

donation as (
    select
        din_id,
        min(collection_id) as collection_id
    from {{ ref('int_collection__resolved') }}
    where din_id is not null
    group by din_id
),

-- what records say of cells: bags made of bags, cells that went into a batch, a graft that was infused
said as (
    select
        product_edge_statement_id as statement_id,
        edge_type,
        parent_din_id,
        case
            when parent_product_description_code is not null
                then {{ product_key('parent_din_id', 'parent_product_description_code', 'parent_division') }}
        end as parent_product_id,
        parent_division,
        case when child_batch_id is not null then 'batch' else 'product' end as child_table,
        coalesce(
            child_batch_id,
            {{ product_key('child_din_id', 'child_product_description_code', 'child_division') }}
        ) as child_key,
        volume_ml,
        cell_count_10_6,
        analyte,
        method,
        source_delivery,
        source_row,
        component_id
    from {{ ref('int_product_edge__resolved') }}
    union all
    select
        event_statement_id as statement_id,
        'administer' as edge_type,
        din_id as parent_din_id,
        cast(null as {{ type_of('text') }}) as parent_product_id,
        cast(null as {{ type_of('text') }}) as parent_division,
        'administration' as child_table,
        administration_id as child_key,
        {{ nulls('number', ['volume_ml', 'cell_count_10_6']) }},
        {{ nulls('text', ['analyte', 'method']) }},
        source_delivery,
        source_row,
        component_id
    from {{ ref('int_event__resolved') }}
    where event_type = 'infusion_started' and din_id is not null and administration_id is not null and {{ stands('status') }}
),

-- bags of which others were made are no longer there; one that gave a sample is, and the sample is not what is made or given
gone as (
    select parent_product_id as product_id
    from said
    where child_table = 'product' and edge_type <> 'sample'
    union
    select child_key as product_id
    from said
    where edge_type = 'sample'
),

left_over as (
    select bag.*
    from bag
    left join gone on bag.product_id = gone.product_id
    where gone.product_id is null
),

-- a record that names no product code may mean any bag that is left of the donation, of the division if it says one
may_be as (
    select
        said.statement_id,
        left_over.product_id,
        count(*) over (partition by said.statement_id) as bag_count
    from said
    inner join left_over
        on said.parent_din_id = left_over.din_id and coalesce(said.parent_division, left_over.division) = left_over.division
    where said.parent_product_id is null
),

parent as (
    select
        said.statement_id,
        'product' as parent_table,
        said.parent_product_id as parent_key
    from said
    where said.parent_product_id is not null
    union all
    -- the only bag that is left; where several are, the donation as a whole; all of them where no record of a collection has come
    select
        said.statement_id,
        case when may_be.product_id is not null then 'product' else 'collection' end as parent_table,
        coalesce(may_be.product_id, donation.collection_id) as parent_key
    from said
    left join donation on said.parent_din_id = donation.din_id
    left join may_be
        on said.statement_id = may_be.statement_id and (may_be.bag_count = 1 or donation.collection_id is null)
    where said.parent_product_id is null
),

made as (
    select distinct child_key as product_id
    from said
    where child_table = 'product'
),

only_batch as (
    select
        dose_unit_id,
        min(batch_id) as batch_id
    from {{ ref('int_dose_unit__resolved') }}
    where batch_id is not null
    group by dose_unit_id
    having count(distinct batch_id) = 1
),

known_batch as (
    select distinct batch_id
    from {{ ref('int_batch__resolved') }}
),

told as (
    select
        said.edge_type,
        parent.parent_table,
        parent.parent_key,
        said.child_table,
        said.child_key,
        said.volume_ml,
        said.cell_count_10_6,
        said.analyte,
        said.method,
        said.statement_id,
        said.source_delivery,
        said.source_row,
        said.component_id
    from said
    inner join parent on said.statement_id = parent.statement_id
    where parent.parent_key is not null
    union all
    -- what came off the machine; and a bag of a known donation of which nobody says what it was made of
    select
        'create' as edge_type,
        'collection' as parent_table,
        coalesce(product.collection_id, donation.collection_id) as parent_key,
        'product' as child_table,
        product.product_id as child_key,
        {{ nulls('number', ['volume_ml', 'cell_count_10_6']) }},
        {{ nulls('text', ['analyte', 'method']) }},
        product.product_statement_id as statement_id,
        product.source_delivery,
        product.source_row,
        product.component_id
    from {{ ref('int_product__resolved') }} as product
    inner join bag on product.product_id = bag.product_id
    left join donation on product.din_id = donation.din_id
    left join made on product.product_id = made.product_id
    where
        product.collection_id is not null
        or (bag.collection_id is null and made.product_id is null and donation.collection_id is not null)
    union all
    -- no cells go from a batch that failed to the one that is made again for it
    select
        'remake' as edge_type,
        'batch' as parent_table,
        said.parent_batch_id as parent_key,
        'batch' as child_table,
        said.batch_id as child_key,
        {{ nulls('number', ['volume_ml', 'cell_count_10_6']) }},
        {{ nulls('text', ['analyte', 'method']) }},
        said.batch_statement_id as statement_id,
        said.source_delivery,
        said.source_row,
        said.component_id
    from {{ ref('int_batch__resolved') }} as said
    inner join known_batch on said.parent_batch_id = known_batch.batch_id
    union all
    select
        'fill' as edge_type,
        'batch' as parent_table,
        said.batch_id as parent_key,
        'dose_unit' as child_table,
        said.dose_unit_id as child_key,
        {{ nulls('number', ['volume_ml', 'cell_count_10_6']) }},
        {{ nulls('text', ['analyte', 'method']) }},
        said.dose_unit_statement_id as statement_id,
        said.source_delivery,
        said.source_row,
        said.component_id
    from {{ ref('int_dose_unit__resolved') }} as said
    inner join only_batch on said.dose_unit_id = only_batch.dose_unit_id and said.batch_id = only_batch.batch_id
    union all
    select
        'administer' as edge_type,
        'dose_unit' as parent_table,
        dose_unit_id as parent_key,
        'administration' as child_table,
        administration_id as child_key,
        {{ nulls('number', ['volume_ml', 'cell_count_10_6']) }},
        {{ nulls('text', ['analyte', 'method']) }},
        dose_unit_statement_id as statement_id,
        source_delivery,
        source_row,
        component_id
    from {{ ref('int_dose_unit__resolved') }}
    where dose_unit_id is not null and administration_id is not null
)

select
    edge_type,
    parent_table,
    parent_key,
    child_table,
    child_key,
    volume_ml,
    cell_count_10_6,
    analyte,
    method,
    statement_id,
    source_delivery,
    source_row,
    component_id
from told
