{{ config(pre_hook="{{ delete_touched() }}") }}

with statement as (
    select
        said.*,
        {{ therapy_order_key('said.coi_id', 'said.order_id', 'named.coi_id') }} as therapy_order_id,
        row_number() over (
            partition by said.collection_id
            order by {{ precision_rank('said.started_precision') }}, said.collection_statement_id
        ) as rank_no
    from {{ ref('int_collection__resolved') }} as said
    left join {{ ref('int_therapy_order__named') }} as named on said.order_id = named.order_id
    where {{ only_touched('said.component_id') }}
),

stated as (
    select
        collection_id,
        {{ first_said('din_id') }} as din_id,
        {{ first_said('donor_subject_id') }} as donor_subject_id,
        {{ first_said('recipient_subject_id') }} as recipient_subject_id,
        {{ first_said('therapy_order_id') }} as therapy_order_id,
        {{ first_said('site_id') }} as site_id,
        {{ first_said('is_autologous') }} as is_autologous,
        {{ first_said('collection_type_code') }} as collection_type_code,
        {{ first_said('procedure_type_code') }} as procedure_type_code,
        {{ first_said('device_model_code') }} as device_model_code,
        {{ time_first_said('started') }},
        {{ time_first_said('ended') }},
        {{ any_true("starting_material_state_code = 'cryopreserved'") }} as is_cryopreserved,
        {{ first_said('adverse_event_code') }} as adverse_event_code,
        min(component_id) as component_id
    from statement
    group by collection_id
),

-- Figures of the records that state the collection, one per bag; limits (<, >) are no figures.
figure as (
    select
        measured.collection_id,
        measured.product_id,
        measured.measurement,
        coalesce(measured.timepoint, '') as timepoint,
        min(measured.measurement_statement_id) as rank_no,
        {{ first_said('measured.value', 'measured.measurement_statement_id') }} as value
    from {{ ref('int_measurement__resolved') }} as measured
    where
        measured.collection_id is not null
        and measured.value is not null
        and measured.comparator is null
        and {{ stands('measured.status') }}
        and {{ only_touched('measured.component_id') }}
    group by measured.collection_id, measured.product_id, measured.measurement, coalesce(measured.timepoint, '')
),

total as (
    select
        collection_id,
        measurement,
        timepoint,
        {{ first_said('value') }} as one_value,
        -- Equal figures on several bags are one count repeated; different ones are parts.
        case
            when count(distinct value) = 1 then min(value)
            else cast(sum({{ as_decimal('value') }}) as {{ type_of('number') }})
        end as whole_value
    from figure
    group by collection_id, measurement, timepoint
),

volumes as (
    select
        collection_id,
        max(case when measurement = 'total_blood_volume' then one_value end) as total_blood_volume_ml,
        max(case when measurement = 'inlet_volume' then one_value end) as inlet_volume_ml,
        max(case when measurement = 'ac_volume' then one_value end) as anticoagulant_ml,
        max(case when measurement = 'whole_blood_processed' then one_value end) as reported_whole_blood_processed_ml,
        max(case when measurement = 'run_time' then one_value end) as run_time_min,
        max(case when measurement = 'product_volume' then whole_value end) as product_volume_ml,
        max(case when measurement = 'product_cd3_total' then whole_value end) as cd3_yield_10_9,
        max(case when measurement = 'product_cd34_total' then whole_value end) as cd34_yield_10_6,
        max(case when measurement = 'product_tnc' then whole_value end) as tnc_yield_10_9,
        max(case when measurement = 'pb_cd3_abs' and timepoint = 'pre' then one_value end) as pre_cd3_per_ul,
        max(case when measurement = 'pb_cd3_abs' and timepoint = 'post' then one_value end) as post_cd3_per_ul,
        max(case when measurement = 'pb_cd34_abs' and timepoint = 'pre' then one_value end) as pre_cd34_per_ul,
        max(case when measurement = 'ce2' then one_value end) as reported_ce2_percent
    from total
    group by collection_id
),

processed as (
    select
        *,
        -- The machine's inlet volume includes the anticoagulant.
        coalesce(inlet_volume_ml - anticoagulant_ml, reported_whole_blood_processed_ml) as whole_blood_processed_ml
    from volumes
),

-- the first freezing of the donation that somebody states; before the end of the collection it is of something else
frozen as (
    select
        stated.collection_id,
        min(said.occurred_at_utc) as frozen_at_utc
    from stated
    inner join {{ ref('int_event__resolved') }} as said on stated.din_id = said.din_id
    where
        said.event_type = 'cryopreservation_started'
        and said.occurred_at_utc >= stated.ended_at_utc
        and {{ stands('said.status') }}
    group by stated.collection_id
),

-- blood counts of the person collected from, around the run: the last before it and the first after it, in thirty days each
watched as (
    select
        stated.collection_id,
        measured.measurement,
        measured.value,
        {{ days_between('stated.started_date', 'measured.occurred_date') }} as day,
        measured.measurement_statement_id
    from stated
    inner join {{ ref('int_measurement__resolved') }} as measured on stated.donor_subject_id = measured.subject_id
    where
        measured.measurement in ('pb_plt', 'pb_hgb')
        and measured.value is not null
        and measured.comparator is null
        and {{ stands('measured.status') }}
        -- of the day of the run nobody can say whether it was before, but where the time is known
        and (
            {{ days_between('stated.started_date', 'measured.occurred_date') }} between -30 and -1
            or {{ days_between('stated.started_date', 'measured.occurred_date') }} between 1 and 30
            or (measured.occurred_date = stated.started_date and measured.occurred_at_utc < stated.started_at_utc)
        )
),

beside as (
    select
        *,
        row_number() over (
            partition by collection_id, measurement, case when day <= 0 then 0 else 1 end
            order by case when day <= 0 then -day else day end asc, measurement_statement_id asc
        ) as rank_no
    from watched
),

donor_count as (
    select
        collection_id,
        max(case when measurement = 'pb_plt' and day <= 0 then value end) as plt_before,
        max(case when measurement = 'pb_plt' and day > 0 then value end) as plt_after,
        max(case when measurement = 'pb_hgb' and day <= 0 then value end) as hgb_before,
        max(case when measurement = 'pb_hgb' and day > 0 then value end) as hgb_after
    from beside
    where rank_no = 1
    group by collection_id
),

begun as (
    select
        keyed.journey_id,
        min(stated.started_date) as begun_date
    from stated
    inner join {{ ref('int_journey__keyed') }} as keyed
        on stated.therapy_order_id = keyed.therapy_order_id and stated.recipient_subject_id = keyed.subject_id
    group by keyed.journey_id
),

candidate as (
    select
        stated.collection_id,
        keyed.journey_id,
        row_number() over (
            partition by stated.collection_id
            order by
                case when keyed.therapy_order_id = stated.therapy_order_id then 0 else 1 end asc,
                case when begun.begun_date <= stated.started_date then begun.begun_date end desc nulls last,
                begun.begun_date asc nulls last,
                keyed.journey_id asc
        ) as rank_no
    from stated
    inner join {{ ref('int_journey__keyed') }} as keyed on stated.recipient_subject_id = keyed.subject_id
    left join begun on keyed.journey_id = begun.journey_id
)

select
    stated.collection_id,
    stated.din_id,
    stated.donor_subject_id,
    stated.recipient_subject_id,
    stated.therapy_order_id,
    candidate.journey_id,
    stated.is_autologous,
    stated.collection_type_code,
    stated.site_id,
    stated.procedure_type_code,
    stated.device_model_code,
    {{ time_of('started', relation='stated') }},
    {{ time_of('ended', relation='stated') }},
    processed.total_blood_volume_ml,
    processed.inlet_volume_ml,
    processed.anticoagulant_ml,
    processed.whole_blood_processed_ml,
    processed.reported_whole_blood_processed_ml,
    processed.run_time_min,
    processed.product_volume_ml,
    processed.cd3_yield_10_9,
    processed.cd34_yield_10_6,
    processed.tnc_yield_10_9,
    processed.pre_cd3_per_ul,
    processed.post_cd3_per_ul,
    -- 10*9 cells over ({cells}/uL x 1000 uL/mL x mL), in percent.
    round(
        processed.cd3_yield_10_9 * 1e8
        / nullif((processed.pre_cd3_per_ul + processed.post_cd3_per_ul) / 2 * processed.whole_blood_processed_ml, 0), 6
    ) as ce1_percent,
    round(
        processed.cd3_yield_10_9 * 1e8 / nullif(processed.pre_cd3_per_ul * processed.whole_blood_processed_ml, 0), 6
    ) as ce2_percent,
    processed.reported_ce2_percent,
    processed.pre_cd34_per_ul,
    -- 10*6 cells over ({cells}/uL x 1000 uL/mL x mL), in percent.
    round(
        processed.cd34_yield_10_6 * 1e5 / nullif(processed.pre_cd34_per_ul * processed.whole_blood_processed_ml, 0), 6
    ) as ce2_cd34_percent,
    round({{ seconds_between('stated.ended_at_utc', 'frozen.frozen_at_utc') }} / 3600.0, 6) as hold_before_freezing_h,
    donor_count.plt_before as donor_plt_before_10_9_per_l,
    donor_count.plt_after as donor_plt_after_10_9_per_l,
    donor_count.hgb_before as donor_hgb_before_g_per_dl,
    donor_count.hgb_after as donor_hgb_after_g_per_dl,
    case
        when stated.donor_subject_id is not null and stated.started_date is not null
            then cast(row_number() over (
                partition by stated.donor_subject_id order by stated.started_date asc nulls last, stated.collection_id asc
            ) as {{ type_of('integer') }})
    end as donation_no,
    stated.is_cryopreserved,
    stated.adverse_event_code,
    stated.component_id
from stated
left join processed on stated.collection_id = processed.collection_id
left join donor_count on stated.collection_id = donor_count.collection_id
left join frozen on stated.collection_id = frozen.collection_id
left join candidate on stated.collection_id = candidate.collection_id and candidate.rank_no = 1
