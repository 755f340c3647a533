{{ config(materialized='ephemeral') }}

-- One row is the recovery of neutrophils or of platelets after an infusion of stem cells, counted from the laboratory's series.
{%- set recoveries = [('neutrophil_engraftment', 'pb_anc', 0.5), ('platelet_engraftment', 'pb_plt', 20)] %}

with given as (
    select
        infused.administration_id,
        infused.subject_id,
        infused.journey_id,
        infused.started_date as infused_date,
        lead(infused.started_date) over (
            partition by infused.subject_id order by infused.started_date asc, infused.administration_id asc
        ) as next_infused_date
    from {{ ref('administration') }} as infused
    inner join {{ ref('journey') }} as journey on infused.journey_id = journey.journey_id
    where journey.modality_code in ('hsct', 'ghsc') and infused.started_date is not null
),

counted as (
    {%- for outcome_type, measurement, threshold in recoveries %}
    select
        '{{ outcome_type }}' as outcome_type,
        measured.*,
        -- what is only said to be less than a figure is below the threshold where that figure is not above it
        case
            when coalesce(measured.comparator, '=') in ('=', '>', '>=') and measured.value >= {{ threshold }} then 1
            when measured.comparator is null and measured.value < {{ threshold }} then 0
            when measured.comparator in ('<', '<=') and measured.value <= {{ threshold }} then 0
        end as is_over
    from {{ ref('measurement') }} as measured
    where measured.measurement = '{{ measurement }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

placed as (
    select
        given.administration_id,
        given.subject_id,
        given.journey_id,
        given.infused_date,
        counted.outcome_type,
        counted.occurred_date,
        counted.is_over,
        counted.site_id,
        counted.source_delivery,
        counted.source_row,
        counted.component_id,
        row_number() over (
            partition by given.administration_id, counted.outcome_type, counted.occurred_date
            order by counted.is_over asc, counted.source_delivery asc, counted.source_row asc, counted.measurement_id asc
        ) as rank_no
    from counted
    inner join given
        on
            counted.subject_id = given.subject_id
            and counted.occurred_date > given.infused_date
            and (given.next_infused_date is null or counted.occurred_date <= given.next_infused_date)
    where counted.is_over is not null and {{ stands('counted.status_code') }}
),

-- a day counts by its lowest count; the days are those on which it was measured
day as (
    select
        *,
        min(is_over) over (partition by administration_id, outcome_type order by occurred_date) as is_over_so_far,
        lead(is_over, 1) over (partition by administration_id, outcome_type order by occurred_date) as is_over_next,
        lead(is_over, 2) over (partition by administration_id, outcome_type order by occurred_date) as is_over_after,
        min(is_over) over (partition by administration_id, outcome_type) as is_over_always,
        count(*) over (partition by administration_id, outcome_type) as day_count
    from placed
    where rank_no = 1
),

judged as (
    select
        *,
        coalesce(is_over_so_far = 0 and is_over = 1 and is_over_next = 1 and is_over_after = 1, false) as is_first_of_three
    from day
),

-- the first of three after the nadir, else the last day that was looked at
chosen as (
    select
        *,
        row_number() over (
            partition by administration_id, outcome_type
            order by
                case when is_first_of_three then occurred_date end asc nulls last,
                occurred_date desc,
                administration_id asc
        ) as choice_no
    from judged
)

select
    {{ surrogate_key(["'outcome'", 'outcome_type', "'counted'", 'administration_id']) }} as outcome_id,
    outcome_type,
    subject_id,
    journey_id,
    administration_id,
    infused_date,
    site_id,
    case when is_over_always = 1 then 'never_below' end as value_code,
    case when is_first_of_three then occurred_date end as onset_date,
    occurred_date as assessed_date,
    case when is_over_always = 0 then not is_first_of_three end as is_censored,
    source_delivery,
    source_row,
    component_id
from chosen
where choice_no = 1 and (is_over_always = 0 or day_count >= 3)
