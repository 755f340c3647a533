with said as (
    select
        stated.*,
        {{ specification_key('stated', 'batch') }} as specification_id,
        coalesce(stated.product_name_code, batch.product_name_code) as limited_product_code,
        row_number() over (
            partition by {{ specification_key('stated', 'batch') }}
            order by stated.source_delivery, stated.source_row, stated.specification_limit_statement_id
        ) as rank_no
    from {{ ref('int_specification_limit__resolved') }} as stated
    left join {{ ref('batch') }} as batch on stated.batch_id = batch.batch_id
)
,

-- what orders of the product say: nothing where two differ
handled as (
    select
        product_name_code,
        version,
        jurisdiction_code,
        {{ agreed('hold_warning_h') }} as hold_warning_h,
        {{ agreed('hold_limit_h') }} as hold_limit_h,
        {{ agreed('thaw_window_min') }} as thaw_window_min,
        {{ agreed('storage_lower_c') }} as storage_lower_c,
        {{ agreed('storage_upper_c') }} as storage_upper_c
    from {{ ref('int_handling_limit__resolved') }}
    group by product_name_code, version, jurisdiction_code
),

limited as (
    select
        said.*,
        handled.hold_warning_h,
        handled.hold_limit_h,
        handled.thaw_window_min,
        handled.storage_lower_c,
        handled.storage_upper_c
    from said
    left join handled
        on
            said.limited_product_code = handled.product_name_code
            and said.version = handled.version
            and said.jurisdiction_code = handled.jurisdiction_code
)

select
    specification_id,
    min(attribute) as attribute,
    min(limited_product_code) as product_name_code,
    min(version) as version,
    min(jurisdiction_code) as jurisdiction_code,
    {{ agreed('lower_limit') }} as lower_limit,
    {{ agreed('upper_limit') }} as upper_limit,
    {{ agreed('is_inclusive') }} as is_inclusive,
    {{ agreed('limit_code') }} as limit_code,
    {{ agreed('unit') }} as unit,
    min(hold_warning_h) as hold_warning_h,
    min(hold_limit_h) as hold_limit_h,
    min(thaw_window_min) as thaw_window_min,
    min(storage_lower_c) as storage_lower_c,
    min(storage_upper_c) as storage_upper_c,
    max(case when rank_no = 1 then source_delivery end) as source_delivery,
    max(case when rank_no = 1 then source_row end) as source_row,
    min(component_id) as component_id
from limited
group by specification_id
