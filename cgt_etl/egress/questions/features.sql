-- One row per batch: what questions ask about it beyond the categories of the collective tables, as of $begin.
with started as (
    select
        source.batch_id,
        case when max(collection.is_cryopreserved::integer) = 1 then 'frozen' else 'fresh' end as starting_state
    from batch_collection as source
    inner join collection on source.collection_id = collection.collection_id
    where collection.is_cryopreserved is not null
    group by source.batch_id
),

infused as (
    select
        therapy_order_id,
        cells_given_10_6,
        row_number() over (
            partition by therapy_order_id
            order by started_date asc, administration_id asc
        ) as rank_no
    from administration
    where therapy_order_id is not null and started_date < $begin
),

-- scales are never pooled; without a statement of no syndrome an infused patient is not known to have had none
syndrome as (
    select
        journey.therapy_order_id,
        max(outcome.grade) as grade
    from outcome
    inner join journey on outcome.journey_id = journey.journey_id
    where
        outcome.outcome_type = 'crs' and outcome.scale_code = 'astct' and outcome.grade is not null
        and coalesce(outcome.onset_date, outcome.assessed_date) < $begin
    group by journey.therapy_order_id
)

select
    batch.batch_id as subject,
    coalesce(started.starting_state, 'not stated') as starting_state,
    case
        when infused.cells_given_10_6 is null then 'not stated'
        when infused.cells_given_10_6 <= 200 then 'up to 200 x 10^6'
        else 'above 200 x 10^6'
    end as dose_band,
    case
        when syndrome.grade is null then 'not stated'
        when syndrome.grade >= 2 then 'grade 2 or more'
        else 'below grade 2'
    end as crs_band
from batch
left join started on batch.batch_id = started.batch_id
left join infused on batch.therapy_order_id = infused.therapy_order_id and infused.rank_no = 1
left join syndrome on batch.therapy_order_id = syndrome.therapy_order_id
