{{ config(materialized='ephemeral') }}

-- What a batch record says of a culture as a whole: the last fold, the doublings, the cells that were seeded and those that were harvested
-- (10*6), each where it is said once and as a number.
with said as (
    select
        *,
        row_number() over (
            partition by batch_id, measurement order by occurred_date desc, occurred_at_utc desc, measurement_id asc
        ) as rank_no,
        count(*) over (partition by batch_id, measurement) as said_count
    from {{ ref('measurement') }}
    where
        measurement in ('fold_expansion', 'population_doublings', 'mfg_input_cd3', 'harvest_total_viable')
        and batch_id is not null
        and value > 0
        and comparator is null
        and {{ stands('status_code') }}
)

select
    batch_id,
    max(case when measurement = 'fold_expansion' then value end) as fold,
    max(case when measurement = 'population_doublings' and said_count = 1 then value end) as doublings,
    max(case when measurement = 'mfg_input_cd3' and said_count = 1 then value end) as seeded_10_6,
    max(case when measurement = 'harvest_total_viable' and said_count = 1 then value * 1000 end) as harvested_10_6,
    max(case when measurement = 'fold_expansion' then measurement_id end) as fold_measurement_id,
    max(case when measurement = 'population_doublings' then measurement_id end) as doublings_measurement_id
from said
where rank_no = 1
group by batch_id
