{{ config(materialized='ephemeral') }}

-- Population doublings are the logarithm of fold to the base 2, within 0.2.
select
    'R32' as rule_id,
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
inner join {{ ref('measurement') }} as measured on expanded.doublings_measurement_id = measured.measurement_id
left join {{ ref('int_order__journey') }} as named on measured.therapy_order_id = named.therapy_order_id
where abs(expanded.doublings - ln(expanded.fold) / ln(2)) > 0.2
