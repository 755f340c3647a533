{{ config(pre_hook="{{ delete_touched() }}") }}

with statement as (
    select
        *,
        row_number() over (
            partition by product_id
            order by {{ precision_rank('created_precision') }}, product_statement_id
        ) as rank_no
    from {{ ref('int_product__resolved') }}
    where {{ only_touched() }}
),

-- Volume that a record states for its bag.
volume as (
    select
        product_id,
        {{ first_said('value', 'measurement_statement_id') }} as volume_ml
    from {{ ref('int_measurement__resolved') }}
    where measurement = 'product_volume' and product_id is not null and comparator is null and {{ stands('status') }}
    group by product_id
),

stated as (
    select
        product_id,
        {{ first_said('din_id') }} as din_id,
        {{ first_said('product_description_code') }} as product_description_code,
        {{ first_said('collection_type_letter') }} as collection_type_letter,
        coalesce({{ first_said(bag_division()) }}, '00') as division,
        {{ first_said('collection_id') }} as collection_id,
        {{ first_said('state_code') }} as state_code,
        {{ first_said('created_date') }} as created_date,
        {{ agreed('expiry_date') }} as expiry_date,
        coalesce({{ any_true('code_division <> division') }}, false) as is_division_contradicted,
        min(component_id) as component_id
    from statement
    group by product_id
)

select
    stated.product_id,
    stated.din_id,
    stated.product_description_code,
    stated.collection_type_letter,
    stated.division,
    stated.collection_id,
    stated.state_code,
    volume.volume_ml,
    stated.created_date,
    stated.expiry_date,
    stated.is_division_contradicted,
    stated.component_id
from stated
left join volume on stated.product_id = volume.product_id
