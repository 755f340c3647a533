{{ config(materialized='ephemeral') }}

-- Where a record states both the cells that were given and cells for each kilogram, they agree by the recipient's weight within 5 %: that
-- of the infusion's own record, else the last measured before it. No more is asked for than the most that a specification of the product
-- allows (the cap), which any night may bring. A dose that is the same for everybody states none for a kilogram.
with stated as (
    select
        administration_id,
        case when count(distinct value) = 1 then min(value) end as per_kg_10_6
    from {{ ref('measurement') }}
    where
        measurement = 'dose_infused_per_kg'
        and administration_id is not null
        and value is not null
        and comparator is null
        and {{ stands('status_code') }}
    group by administration_id
),

weighed as (
    select
        given.administration_id,
        weight.value as weight_kg,
        row_number() over (
            partition by given.administration_id order by weight.occurred_date desc, weight.occurred_at_utc desc, weight.measurement_id asc
        ) as rank_no
    from {{ ref('administration') }} as given
    inner join {{ ref('measurement') }} as weight on given.subject_id = weight.subject_id
    where
        weight.measurement = 'body_weight'
        and weight.occurred_date <= given.started_date
        and weight.value is not null
        and weight.comparator is null
        and {{ stands('weight.status_code') }}
),

capped as (
    select
        product_name_code,
        max(upper_limit) as cap_10_6
    from {{ ref('specification') }}
    where attribute in ('dp_car_pos_viable_total', 'product_cd34_total') and unit = '10*6'
    group by product_name_code
),

dosed as (
    select
        given.administration_id,
        given.journey_id,
        given.subject_id,
        given.component_id,
        {{ as_decimal('given.cells_given_10_6', 6) }} as cells_10_6,
        {{ as_decimal('stated.per_kg_10_6', 6) }}
        * {{ as_decimal('coalesce(given.recipient_weight_kg, weighed.weight_kg)', 6) }} as wanted_10_6,
        {{ as_decimal('capped.cap_10_6', 6) }} as cap_10_6
    from {{ ref('administration') }} as given
    inner join stated on given.administration_id = stated.administration_id
    left join weighed on given.administration_id = weighed.administration_id and weighed.rank_no = 1
    left join capped on given.product_name_code = capped.product_name_code
)

select
    'R36' as rule_id,
    'flag' as effect,
    'administration' as table_name,
    dosed.administration_id as row_key,
    dosed.journey_id,
    dosed.subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    'cells_given_10_6' as column_name,
    dosed.component_id
from dosed
where abs(dosed.cells_10_6 / case when dosed.cap_10_6 < dosed.wanted_10_6 then dosed.cap_10_6 else dosed.wanted_10_6 end - 1) > 0.05
