{{ config(materialized='ephemeral') }}

-- A consensus (ASTCT) grade of cytokine release syndrome of 1 or more begins with a fever of 38.0 Cel, or one that was treated: within
-- three days of the onset, or, where none is stated, within 30 days of the infusion. Judged where temperatures were taken in that time.
with watched as (
    select
        outcome.outcome_id,
        max(
            case
                when sign.measurement = 'body_temp' and sign.value >= 38.0 then 1
                when sign.measurement = 'fever_treatment' and sign.value_code = 'yes' then 1
                else 0
            end
        ) as has_fever,
        max(case when sign.measurement = 'body_temp' then 1 else 0 end) as has_temperature
    from {{ ref('outcome') }} as outcome
    left join {{ ref('administration') }} as given on outcome.administration_id = given.administration_id
    inner join {{ ref('measurement') }} as sign on outcome.subject_id = sign.subject_id
    where
        sign.measurement in ('body_temp', 'fever_treatment')
        and {{ stands('sign.status_code') }}
        and case
            when outcome.onset_date is not null then {{ days_between('outcome.onset_date', 'sign.occurred_date') }} between -3 and 3
            else {{ days_between('given.started_date', 'sign.occurred_date') }} between 0 and 30
        end
    group by outcome.outcome_id
)

select
    'R44' as rule_id,
    'flag' as effect,
    'outcome' as table_name,
    outcome.outcome_id as row_key,
    outcome.journey_id,
    outcome.subject_id,
    outcome.source_delivery,
    outcome.source_row,
    'grade' as column_name,
    outcome.component_id
from {{ ref('outcome') }} as outcome
inner join watched on outcome.outcome_id = watched.outcome_id
where
    outcome.outcome_type = 'crs'
    and outcome.scale_code = 'astct'
    and outcome.grade >= 1
    and watched.has_temperature = 1
    and watched.has_fever = 0
