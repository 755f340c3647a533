{{ config(materialized='ephemeral') }}

-- The one bag that a statement of an event is about, where the vocabulary says that events of its type are about bags: the one that its
-- record states, else the only one of the donation (of the division, where it names one). A freezing is about the bag that came of it.
with said as (
    select
        stated.event_statement_id,
        stated.event_type,
        stated.source_delivery,
        stated.source_row,
        stated.din_id,
        stated.division
    from {{ ref('int_event__resolved') }} as stated
    inner join {{ ref('event_types') }} as vocabulary on stated.event_type = vocabulary.event_type
    where vocabulary.object_key like '%product%' or vocabulary.required_identifiers like '%product_code%'
),

bag as (
    select
        product_id,
        source_delivery,
        source_row,
        din_id,
        coalesce({{ bag_division() }}, '00') as division
    from {{ ref('int_product__resolved') }}
),

frozen as (
    select distinct child_key as product_id
    from {{ ref('int_product_edge__told') }}
    where child_table = 'product' and edge_type = 'transform'
),

beside as (
    select
        said.event_statement_id,
        {{ agreed('bag.product_id') }} as product_id
    from said
    inner join bag on said.source_delivery = bag.source_delivery and said.source_row = bag.source_row
    group by said.event_statement_id
),

of_donation as (
    select
        said.event_statement_id,
        {{ agreed('bag.product_id') }} as product_id
    from said
    left join beside on said.event_statement_id = beside.event_statement_id
    inner join bag on said.din_id = bag.din_id and (said.division is null or said.division = bag.division)
    left join frozen on bag.product_id = frozen.product_id
    where
        beside.event_statement_id is null
        and (said.event_type not in ('cryopreservation_started', 'cryopreservation_completed') or frozen.product_id is not null)
    group by said.event_statement_id
)

select
    event_statement_id,
    product_id
from beside
where product_id is not null
union all
select
    event_statement_id,
    product_id
from of_donation
where product_id is not null
