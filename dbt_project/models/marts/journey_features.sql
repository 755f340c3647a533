{{ config(pre_hook="{{ delete_touched() }}") }}

with collected as (
    select
        decision.journey_id,
        count(*) as collection_count,
        {{ complete_sum('collection.whole_blood_processed_ml') }} as whole_blood_processed_ml,
        {{ complete_sum('collection.cd3_yield_10_9') }} as cd3_collected_10_9,
        {{ complete_sum('collection.tnc_yield_10_9') }} as tnc_collected_10_9,
        {{ complete_sum('collection.pre_cd3_per_ul * collection.whole_blood_processed_ml') }} as cd3_exposed,
        {{ any_true('collection.is_cryopreserved') }} as is_cryopreserved
    from {{ ref('int_journey__decision') }} as decision
    inner join {{ ref('collection') }} as collection
        on
            decision.journey_id = collection.journey_id
            and decision.decision_date >= collection.started_date
    group by decision.journey_id
),

counted as (
    select
        journey_id,
        max(case when measurement = 'pb_cd3_abs' then value end) as pre_cd3_per_ul,
        max(case when measurement = 'pb_alc' then value end) as pre_alc_10_9_per_l,
        max(case when measurement = 'pb_hgb' then value end) as pre_hgb_g_per_dl,
        max(case when measurement = 'pb_plt' then value end) as pre_plt_10_9_per_l
    from {{ ref('int_journey__prior_measurement') }}
    group by journey_id
)

select
    decision.journey_id,
    'collection' as decision_code,
    decision.decision_at_utc,
    decision.decision_date,
    {{ whole_years('age.birth_date', 'decision.decision_date') }} as age_years,
    subject.sex_code,
    collected.collection_count,
    collected.whole_blood_processed_ml,
    collected.cd3_collected_10_9,
    collected.tnc_collected_10_9,
    round(collected.cd3_collected_10_9 * 1e8 / nullif(collected.cd3_exposed, 0), 6) as ce2_percent,
    counted.pre_cd3_per_ul,
    counted.pre_alc_10_9_per_l,
    counted.pre_hgb_g_per_dl,
    counted.pre_plt_10_9_per_l,
    collected.is_cryopreserved,
    journey.component_id
from {{ ref('int_journey__decision') }} as decision
inner join {{ ref('journey') }} as journey on decision.journey_id = journey.journey_id
inner join {{ ref('subject') }} as subject on journey.subject_id = subject.subject_id
inner join collected on decision.journey_id = collected.journey_id
left join counted on decision.journey_id = counted.journey_id
left join {{ ref('int_subject__age') }} as age on journey.subject_id = age.subject_id
where {{ only_touched('journey.component_id') }}
