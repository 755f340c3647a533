-- Medians over the whole network: one row per quantity, with the number of rows it is taken over; no expectation looks at a median
-- of fewer than five, which could be somebody's own value.
select
    'ce2_percent' as quantity,
    count(ce2_percent) as n,
    coalesce(median(ce2_percent), 0) as median
from marts.collection
union all
select
    'whole_blood_processed_ml',
    count(whole_blood_processed_ml),
    coalesce(median(whole_blood_processed_ml), 0)
from marts.collection
union all
select
    'run_time_min',
    count(run_time_min),
    coalesce(median(run_time_min), 0)
from marts.collection
union all
select
    'product_volume_ml',
    count(product_volume_ml),
    coalesce(median(product_volume_ml), 0)
from marts.collection
union all
select
    'vein_to_vein_last_days',
    count(vein_to_vein_last_days),
    coalesce(median(vein_to_vein_last_days), 0)
from marts.journey
union all
select
    'dose_per_kg_10_6',
    count(dose_per_kg_10_6),
    coalesce(median(dose_per_kg_10_6), 0)
from marts.administration
order by quantity
