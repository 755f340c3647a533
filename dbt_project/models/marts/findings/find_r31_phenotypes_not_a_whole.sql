{{ config(materialized='ephemeral') }}

-- Naive, central memory, effector memory and terminally differentiated cells of one parent population, in one sample: together 98 to 102 %.
-- Where one of the four is not told, or is a limit, they are no whole.
with parted as (
    select
        batch_id,
        product_id,
        subject_id,
        site_id,
        denominator_code,
        timepoint_code,
        occurred_date,
        count(distinct measurement) as part_count,
        sum({{ as_decimal('value') }}) as whole_percent,
        min(case when measurement = 'pheno_naive_pct' then measurement_id end) as measurement_id
    from {{ ref('measurement') }}
    where
        measurement in ('pheno_naive_pct', 'pheno_tcm_pct', 'pheno_tem_pct', 'pheno_temra_pct')
        and coalesce(batch_id, product_id, subject_id) is not null
        and value is not null
        and comparator is null
        and {{ stands('status_code') }}
    group by batch_id, product_id, subject_id, site_id, denominator_code, timepoint_code, occurred_date
    having count(*) = 4
)

select
    'R31' as rule_id,
    'flag' as effect,
    'measurement' as table_name,
    measured.measurement_id as row_key,
    coalesce(named.journey_id, only_one.journey_id) as journey_id,
    measured.subject_id,
    measured.source_delivery,
    measured.source_row,
    'value' as column_name,
    measured.component_id
from parted
inner join {{ ref('measurement') }} as measured on parted.measurement_id = measured.measurement_id
left join {{ ref('int_order__journey') }} as named on measured.therapy_order_id = named.therapy_order_id
left join {{ ref('int_subject__journey') }} as only_one on measured.subject_id = only_one.subject_id
where parted.part_count = 4 and (parted.whole_percent < 98 or parted.whole_percent > 102)
