{{ config(materialized='ephemeral') }}

-- Fold is what was harvested over what was seeded, within 5 % for rounding.
select
    'R35' as rule_id,
    'flag' as effect,
    'measurement' as table_name,
    measured.measurement_id as row_key,
    named.journey_id,
    measured.subject_id,
    measured.source_delivery,
    measured.source_row,
    'value' as column_name,
    measured.component_id
from {{ ref('int_batch__expanded') }} as expanded
inner join {{ ref('measurement') }} as measured on expanded.fold_measurement_id = measured.measurement_id
left join {{ ref('int_order__journey') }} as named on measured.therapy_order_id = named.therapy_order_id
where abs(expanded.fold * expanded.seeded_10_6 / expanded.harvested_10_6 - 1) > 0.05
