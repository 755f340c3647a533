{{ config(materialized='ephemeral') }}

-- One row is a day after an infusion on which parts of a toxicity were assessed, with the consensus grade that follows from them.

with part as (
    select
        measured.*,
        {{ astct_part_scale('measured.measurement') }} as outcome_type,
        {{ astct_part_grade('measured') }} as part_grade,
        {{ whole_years('age.birth_date', 'measured.occurred_date') }} as age_years
    from {{ ref('measurement') }} as measured
    left join {{ ref('int_subject__age') }} as age on measured.subject_id = age.subject_id
    where
        {{ astct_part_scale('measured.measurement') }} is not null
        and measured.occurred_date is not null
        and measured.comparator is null
        and {{ stands('measured.status_code') }}
),

-- counted from the latest infusion, over the 30 days in which a syndrome may begin (R46)
placed as (
    select
        part.*,
        given.administration_id as infusion_id,
        given.journey_id,
        given.started_date as infused_date,
        row_number() over (
            partition by part.measurement_id order by given.started_date desc, given.administration_id asc
        ) as rank_no,
        max(case when part.measurement = 'ice_score' then 1 else 0 end) over (
            partition by part.subject_id, part.occurred_date
        ) as has_ice
    from part
    inner join {{ ref('administration') }} as given
        on
            part.subject_id = given.subject_id
            and {{ days_between('given.started_date', 'part.occurred_date') }} between 0 and 30
),

graded as (
    select
        *,
        -- ICE from 12 years, CAPD below; CAPD of an older person too where no ICE could be taken
        case
            when measurement = 'ice_score' and age_years < 12 then null
            when measurement = 'capd_score' and coalesce(age_years >= 12, true) and has_ice = 1 then null
            else part_grade
        end as grade
    from placed
    where rank_no = 1
),

ranked as (
    select
        *,
        row_number() over (
            partition by outcome_type, infusion_id, occurred_date
            order by grade desc nulls last, source_delivery asc, source_row asc, measurement_id asc
        ) as part_no
    from graded
),

day as (
    select
        outcome_type,
        infusion_id as administration_id,
        occurred_date as assessed_date,
        min(subject_id) as subject_id,
        min(journey_id) as journey_id,
        min(infused_date) as infused_date,
        max(grade) as worst,
        max(case when measurement = 'body_temp' then value end) as temperature_c,
        max(case when measurement = 'fever_treatment' and value_code = 'yes' then 1 else 0 end) as fever_treatment,
        max(case when measurement in ('hypotension_support', 'oxygen_support') and grade is not null then 1 else 0 end) as has_support,
        -- a syndrome that lacks one of these may be worse than it looks
        count(distinct case
            when grade is null then null
            when measurement in ('hypotension_support', 'oxygen_support', 'consciousness') then measurement
            when measurement in ('ice_score', 'capd_score') then 'score'
        end) as part_count,
        max(case when part_no = 1 then site_id end) as site_id,
        max(case when part_no = 1 then source_delivery end) as source_delivery,
        max(case when part_no = 1 then source_row end) as source_row,
        min(component_id) as component_id
    from ranked
    group by outcome_type, infusion_id, occurred_date
),

treated as (
    select
        *,
        -- once a fever was treated, it is not required on the days that follow either
        max(fever_treatment) over (partition by outcome_type, administration_id order by assessed_date) = 1 as is_fever_treated
    from day
),

assessed as (
    select
        *,
        case outcome_type
            -- a temperature alone is no assessment: fevers have other causes
            when 'crs'
                then case when has_support = 1 or worst = 5 then {{ astct_crs_grade('worst', 'temperature_c', 'is_fever_treated') }} end
            else worst
        end as grade
    from treated
)

select
    outcome_type,
    administration_id,
    assessed_date,
    subject_id,
    journey_id,
    infused_date,
    cast(grade as {{ type_of('integer') }}) as grade,
    grade < 4 and part_count < 2 as is_lower_bound,
    site_id,
    source_delivery,
    source_row,
    component_id
from assessed
where grade is not null
