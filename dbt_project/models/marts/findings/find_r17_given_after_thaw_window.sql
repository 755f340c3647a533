{{ config(materialized='ephemeral') }}

-- An infusion that began later after the thaw than the product allows: by the specification that its batch was released under, else by the
-- widest that the product has, in any version and market. The thaw is the last of that product, in the day before. Judged by the whole
-- network: what a specification says, any order may change.
with limited as (
    select
        administered.child_key as administration_id,
        min(specification.thaw_window_min) as thaw_window_min
    from {{ ref('product_edge') }} as administered
    inner join {{ ref('dose_unit') }} as unit on administered.parent_key = unit.dose_unit_id
    inner join {{ ref('measurement') }} as tested on unit.batch_id = tested.batch_id
    inner join {{ ref('specification') }} as specification on tested.specification_id = specification.specification_id
    where administered.edge_type = 'administer'
    group by administered.child_key
),

of_product as (
    select
        product_name_code,
        max(thaw_window_min) as thaw_window_min
    from {{ ref('specification') }}
    group by product_name_code
),

thawed as (
    select
        given.administration_id,
        given.journey_id,
        given.subject_id,
        given.component_id,
        thaw.source_delivery,
        thaw.source_row,
        {{ minutes_between('thaw.occurred_at_utc', 'given.started_at_utc') }} as waited_min,
        coalesce(limited.thaw_window_min, of_product.thaw_window_min) as thaw_window_min,
        row_number() over (partition by given.administration_id order by thaw.occurred_at_utc desc, thaw.event_id asc) as rank_no
    from {{ ref('administration') }} as given
    inner join {{ ref('event') }} as thaw
        on
            given.subject_id = thaw.subject_id
            and coalesce(given.product_name_code = thaw.detail_code, true)
            and given.started_at_utc >= thaw.occurred_at_utc
    left join limited on given.administration_id = limited.administration_id
    left join of_product on given.product_name_code = of_product.product_name_code
    where thaw.event_type = 'dp_thawed' and {{ stands('thaw.status_code') }}
)

select
    'R17' as rule_id,
    'flag' as effect,
    'administration' as table_name,
    administration_id as row_key,
    journey_id,
    subject_id,
    source_delivery,
    source_row,
    'started_at_utc' as column_name,
    component_id
from thawed
where rank_no = 1 and waited_min > thaw_window_min and waited_min < 24 * 60
