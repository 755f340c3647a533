{{ config(materialized='ephemeral') }}

-- A stated ICANS grade below the one that the day's score alone gives: ICE from 12 years, CAPD below. Other findings raise a grade and
-- never lower it; whose age is not known is not judged.
with aged as (
    select
        score.subject_id,
        score.occurred_date,
        score.measurement,
        score.value,
        score.value_code,
        {{ whole_years('age.birth_date', 'score.occurred_date') }} as age_years
    from {{ ref('measurement') }} as score
    inner join {{ ref('int_subject__age') }} as age on score.subject_id = age.subject_id
    where
        score.measurement in ('ice_score', 'capd_score')
        and score.comparator is null
        and {{ stands('score.status_code') }}
),

scored as (
    select
        aged.subject_id,
        aged.occurred_date,
        max({{ astct_part_grade('aged') }}) as least_grade
    from aged
    where
        (aged.measurement = 'ice_score' and aged.age_years >= 12)
        or (aged.measurement = 'capd_score' and aged.age_years < 12)
    group by aged.subject_id, aged.occurred_date
)

select
    'R43' as rule_id,
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
inner join scored
    on outcome.subject_id = scored.subject_id and coalesce(outcome.assessed_date, outcome.onset_date) = scored.occurred_date
where
    outcome.outcome_type in ('icans', 'neurotoxicity')
    and outcome.scale_code = 'astct'
    and outcome.grade < scored.least_grade
