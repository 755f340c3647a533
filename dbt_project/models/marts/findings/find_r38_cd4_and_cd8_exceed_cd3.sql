{{ config(materialized='ephemeral') }}

select
    'R38' as rule_id,
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
inner join {{ ref('measurement') }} as counted on draw.cd3_id = counted.measurement_id
left join {{ ref('int_subject__journey') }} as only_one on counted.subject_id = only_one.subject_id
where draw.cd4 + draw.cd8 > 1.1 * draw.cd3
