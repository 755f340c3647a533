{{ config(materialized='ephemeral') }}

-- A batch is gene-modified, by a vector or by an editing agent, where something is measured of it that only gene modification has.
with modified as (
    select distinct batch_id
    from {{ ref('measurement') }}
    where batch_id is not null and measurement in ('moi', 'vcn', 'transduction_eff', 'editing_efficiency', 'rcl_rcr')
),

fed as (
    -- also of a donation that no blood centre has sent yet, so that no edge leads to it
    select distinct child_batch_id as batch_id
    from {{ ref('int_product_edge__resolved') }}
    where child_batch_id is not null
),

lacking as (
    select
        batch.batch_id,
        cast(null as {{ type_of('text') }}) as column_name
    from {{ ref('batch') }} as batch
    left join fed on batch.batch_id = fed.batch_id
    where fed.batch_id is null
    union all
    select
        batch.batch_id,
        'gene_agent_lot_id' as column_name
    from {{ ref('batch') }} as batch
    inner join modified on batch.batch_id = modified.batch_id
    where batch.gene_agent_lot_id is null
)

select
    'R14' as rule_id,
    'flag' as effect,
    'batch' as table_name,
    batch.batch_id as row_key,
    named.journey_id,
    batch.recipient_subject_id as subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    lacking.column_name,
    batch.component_id
from {{ ref('batch') }} as batch
inner join lacking on batch.batch_id = lacking.batch_id
left join {{ ref('int_order__journey') }} as named on batch.therapy_order_id = named.therapy_order_id
