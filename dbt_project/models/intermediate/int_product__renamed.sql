{{ config(materialized='ephemeral') }}

-- Every bag of a donation that records name in full.
with bag as (
    select
        din_id,
        product_id,
        min(product_description_code) as product_description_code,
        coalesce(min({{ bag_division() }}), '00') as division,
        max(case when collection_id is not null then 1 else 0 end) as is_off_the_machine,
        max(
            case when procedure_type_code = 'mnc_collection' and product_description_code in {{ mobilised_codes() }} then 1 else 0 end
        ) as is_contradicted
    from {{ ref('int_product__stated') }}
    where din_id is not null
    group by din_id, product_id
),

step as (
    select
        {{ product_key('parent_din_id', 'parent_product_description_code', 'parent_division') }} as product_id,
        0 as is_made
    from {{ ref('int_product_edge__resolved') }}
    where parent_product_description_code is not null
    union all
    select
        {{ product_key('child_din_id', 'child_product_description_code', 'child_division') }} as product_id,
        1 as is_made
    from {{ ref('int_product_edge__resolved') }}
    where child_product_description_code is not null
),

in_steps as (
    select
        product_id,
        max(is_made) as is_made
    from step
    group by product_id
),

-- it came off the machine under a code of mobilised cells, which its procedure does not give, and no step knows it by that code
mislabelled as (
    select bag.*
    from bag
    left join in_steps on bag.product_id = in_steps.product_id
    where bag.is_contradicted = 1 and in_steps.product_id is null
),

-- it came off the machine, or something was made of it and nobody says what it was made of
first_bag as (
    select bag.*
    from bag
    left join in_steps on bag.product_id = in_steps.product_id
    where
        bag.product_description_code not in {{ mobilised_codes() }}
        and (bag.is_off_the_machine = 1 or in_steps.product_id is not null)
        and coalesce(in_steps.is_made, 0) = 0
)

select
    min(mislabelled.product_id) as stated_product_id,
    min(first_bag.product_id) as product_id,
    min(first_bag.product_description_code) as product_description_code
from mislabelled
inner join first_bag on mislabelled.din_id = first_bag.din_id and mislabelled.division = first_bag.division
group by mislabelled.din_id, mislabelled.division
having count(*) = 1
