{{ config(pre_hook="{{ delete_touched() }}") }}

{#- Reads what was known at each decision, from `int_journey__known`, and nothing that has a time from anywhere else. -#}
with known as (
    select * from {{ ref('int_journey__known') }}
),

per_bag as (
    select
        journey_id,
        decision_code,
        collection_id,
        name,
        value
    from known
    where kind = 'measurement' and collection_id is not null and rank_in_part_no = 1 and not is_post
),

per_figure as (
    select
        journey_id,
        decision_code,
        collection_id,
        name,
        min(value) as one_value,
        -- Equal figures on several bags are one count repeated; different ones are parts.
        case
            when count(distinct value) = 1 then min(value)
            else cast(sum({{ as_decimal('value') }}) as {{ type_of('number') }})
        end as whole_value
    from per_bag
    group by journey_id, decision_code, collection_id, name
),

per_collection as (
    select
        donation.journey_id,
        donation.decision_code,
        donation.collection_id,
        coalesce(
            max(case when figure.name = 'inlet_volume' then figure.one_value end)
            - max(case when figure.name = 'ac_volume' then figure.one_value end),
            max(case when figure.name = 'whole_blood_processed' then figure.one_value end)
        ) as whole_blood_processed_ml,
        max(case when figure.name = 'product_cd3_total' then figure.whole_value end) as cd3_10_9,
        max(case when figure.name = 'product_cd34_total' then figure.whole_value end) as cd34_10_6,
        max(case when figure.name = 'product_tnc' then figure.whole_value end) as tnc_10_9,
        max(case when figure.name = 'pb_cd3_abs' then figure.one_value end) as pre_cd3_per_ul
    from known as donation
    left join per_figure as figure
        on
            donation.journey_id = figure.journey_id
            and donation.decision_code = figure.decision_code
            and donation.collection_id = figure.collection_id
    where donation.kind = 'collection' and donation.name = 'collection'
    group by donation.journey_id, donation.decision_code, donation.collection_id
),

collected as (
    select
        journey_id,
        decision_code,
        count(*) as collection_count,
        {{ complete_sum('whole_blood_processed_ml') }} as whole_blood_processed_ml,
        {{ complete_sum('cd3_10_9') }} as cd3_collected_10_9,
        {{ complete_sum('cd34_10_6') }} as cd34_collected_10_6,
        {{ complete_sum('tnc_10_9') }} as tnc_collected_10_9,
        {{ complete_sum('pre_cd3_per_ul * whole_blood_processed_ml') }} as cd3_exposed
    from per_collection
    group by journey_id, decision_code
),

-- Shipments of which both ends are known.
per_shipment as (
    select
        journey_id,
        decision_code,
        part_id,
        {{ minutes_between(
            "min(case when name = 'shipment_dispatched' then occurred_at_utc end)",
            "min(case when name in ('shipment_received', 'dp_received_at_site') then occurred_at_utc end)"
        ) }} / 60 as transit_h
    from known
    where name in ('shipment_dispatched', 'shipment_received', 'dp_received_at_site') and part_id <> ''
    group by journey_id, decision_code, part_id
    having count(case when name in ('shipment_received', 'dp_received_at_site') then 1 end) > 0
),

carried as (
    select
        journey_id,
        decision_code,
        count(*) as shipment_count,
        max(case when transit_h >= 0 then transit_h end) as longest_transit_h
    from per_shipment
    group by journey_id, decision_code
),

-- The attempt begun last: from its first step to its harvest, and from the end of the last collection before it.
per_batch as (
    select
        journey_id,
        decision_code,
        part_id as batch_id,
        min(case when name <> 'harvest_completed' then occurred_at_utc end) as begun_at_utc,
        max(case when name = 'harvest_completed' then occurred_at_utc end) as harvested_at_utc
    from known
    where
        of_code = 'batch'
        and name in (
            'manufacturing_started', 'starting_material_thawed', 'selection_completed', 'activation_started', 'harvest_completed'
        )
    group by journey_id, decision_code, part_id
),

attempt as (
    select
        *,
        row_number() over (partition by journey_id, decision_code order by begun_at_utc desc nulls last, batch_id asc) as rank_no
    from per_batch
),

made as (
    select
        attempt.journey_id,
        attempt.decision_code,
        {{ minutes_between('max(donation.occurred_at_utc)', 'min(attempt.begun_at_utc)') }} / 60 as hold_h,
        {{ minutes_between('min(attempt.begun_at_utc)', 'min(attempt.harvested_at_utc)') }} / 60 as manufacture_h
    from attempt
    left join known as donation
        on
            attempt.journey_id = donation.journey_id
            and attempt.decision_code = donation.decision_code
            and donation.name = 'collection'
            and attempt.begun_at_utc >= donation.occurred_at_utc
    where attempt.rank_no = 1
    group by attempt.journey_id, attempt.decision_code
),

-- The fourteen whole days before the decision; of several devices the one that was worn longest stands for a day.
per_day as (
    select
        steps.journey_id,
        steps.decision_code,
        steps.value,
        row_number() over (
            partition by steps.journey_id, steps.decision_code, steps.stated_date
            order by worn.value desc nulls last, steps.fact_id asc
        ) as rank_no
    from known as steps
    left join known as worn
        on
            steps.journey_id = worn.journey_id
            and steps.decision_code = worn.decision_code
            and steps.fact_id = worn.fact_id
            and worn.name = 'worn_min'
    where
        steps.name = 'steps_daily'
        and coalesce(worn.value, 0) >= 600
        and {{ days_between('steps.stated_date', 'steps.decision_date') }} <= 14
),

worn as (
    select
        journey_id,
        decision_code,
        count(*) as worn_days_14_count,
        cast(sum({{ as_decimal('value') }}) as {{ type_of('number') }}) / count(value) as steps_per_day
    from per_day
    where rank_no = 1
    group by journey_id, decision_code
),

described as (
    select
        journey_id,
        decision_code,
        {{ latest('person', 'recipient', 'stated_date') }} as birth_date,
        {{ latest('person', 'recipient', 'value_code') }} as sex_code,
        {{ latest('indication', 'recipient', 'value_code') }} as indication_code,
        min(case when name = 'indication' then stated_date end) as onset_date,
        {{ known_count(['medication_administration']) }} as prior_medication_count,
        count(distinct case when name = 'medication_administration' then value_code end) as prior_medication_code_count,
        max(case when name = 'medication_administration' then stated_date end) as last_medication_date,
        {{ known_count(['infusion_started']) }} as prior_infusion_count,
        {{ known_count(['batch_terminated', 'batch_oos']) }} as prior_failed_batch_count,
        {{ latest('ordered_product', 'journey', 'value_code') }} as product_name_code,
        {{ latest('collection', 'journey', 'value_code') }} as collection_type_code,
        {{ latest('collection_device', 'journey', 'value_code') }} as device_model_code,
        {{ latest('autologous', 'journey') }} = 1 as is_autologous,
        {{ latest('person', 'donor', 'stated_date') }} as donor_birth_date,
        {{ latest('person', 'donor', 'value_code') }} as donor_sex_code,
        {{ known_count(['collection_adverse_event']) }} as collection_adverse_event_count,
        {{ any_true("case when kind = 'event' then " ~ is_of_frozen_material() ~ ' end') }} as is_cryopreserved,
        {%- for of in ['recipient', 'batch'] %}
        {%- for name, column in feature_measurements(of).items() %}
        {{ latest(name, of) }} as {{ column }},
        {%- endfor %}
        {%- endfor %}
        min(decision_at_utc) as decision_at_utc,
        min(decision_date) as decision_date
    from known
    group by journey_id, decision_code
)

select
    described.journey_id,
    described.decision_code,
    described.decision_at_utc,
    described.decision_date,
    {{ whole_years('described.birth_date', 'described.decision_date') }} as age_years,
    described.sex_code,
    described.indication_code,
    {{ days_between('described.onset_date', 'described.decision_date') }} as days_from_diagnosis,
    described.prior_medication_count,
    described.prior_medication_code_count,
    {{ days_between('described.last_medication_date', 'described.decision_date') }} as days_from_last_medication,
    described.prior_infusion_count,
    described.prior_failed_batch_count,
    {%- for column in feature_measurements('recipient').values() %}
    described.{{ column }},
    {%- endfor %}
    round(described.pre_cd4_per_ul / nullif(described.pre_cd8_per_ul, 0), 6) as cd4_cd8_ratio,
    worn.worn_days_14_count,
    worn.steps_per_day,
    described.is_autologous,
    {{ whole_years('described.donor_birth_date', 'described.decision_date') }} as donor_age_years,
    described.donor_sex_code,
    described.product_name_code,
    coalesce(collected.collection_count, 0) as collection_count,
    described.collection_type_code,
    described.device_model_code,
    described.collection_adverse_event_count,
    collected.whole_blood_processed_ml,
    collected.cd3_collected_10_9,
    collected.cd34_collected_10_6,
    collected.tnc_collected_10_9,
    round(collected.cd3_collected_10_9 * 1e8 / nullif(collected.cd3_exposed, 0), 6) as ce2_percent,
    described.is_cryopreserved,
    coalesce(carried.shipment_count, 0) as shipment_count,
    carried.longest_transit_h,
    made.hold_h,
    made.manufacture_h,
    {%- for column in feature_measurements('batch').values() %}
    described.{{ column }},
    {%- endfor %}
    journey.component_id
from described
inner join {{ ref('journey') }} as journey on described.journey_id = journey.journey_id
left join collected on described.journey_id = collected.journey_id and described.decision_code = collected.decision_code
left join carried on described.journey_id = carried.journey_id and described.decision_code = carried.decision_code
left join made on described.journey_id = made.journey_id and described.decision_code = made.decision_code
left join worn on described.journey_id = worn.journey_id and described.decision_code = worn.decision_code
where {{ only_touched('journey.component_id') }}
