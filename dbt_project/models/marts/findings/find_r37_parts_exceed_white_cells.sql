{{ config(materialized='ephemeral') }}

-- More than 0.1 x 10*9/L over: figures rounded to one decimal may differ by that much and agree.
select
    'R37' as rule_id,
    'flag' as effect,
    'measurement' as table_name,
    counted.measurement_id as row_key,
    only_one.journey_id,
    counted.subject_id,
    counted.source_delivery,
    counted.source_row,
    'value' as column_name,
    counted.component_id
from {{ ref('int_measurement__same_draw') }} as draw
inner join {{ ref('measurement') }} as counted on draw.wbc_id = counted.measurement_id
left join {{ ref('int_subject__journey') }} as only_one on counted.subject_id = only_one.subject_id
where coalesce(draw.lymphocytes, 0) + coalesce(draw.neutrophils, 0) + coalesce(draw.monocytes, 0) > draw.wbc + 0.1
