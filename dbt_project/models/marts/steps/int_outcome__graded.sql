{{ config(materialized='ephemeral') }}

-- One row is an episode of CRS or ICANS graded from its parts, or an infusion after which none was found.

with marked as (
    select
        *,
        coalesce(lag(grade) over (partition by outcome_type, administration_id order by assessed_date), 0) as grade_before
    from {{ ref('int_toxicity__assessed') }}
),

-- an episode begins where a day without the syndrome, or no day, stands before; it lasts until an assessment finds nothing
begun as (
    select
        *,
        max(case when grade >= 1 and grade_before = 0 then assessed_date end) over (
            partition by outcome_type, administration_id order by assessed_date
        ) as onset_date,
        max(grade) over (partition by outcome_type, administration_id) as worst_grade
    from marked
),

-- days after an episode up to the next one are the clear days of that episode
worst_first as (
    select
        *,
        row_number() over (
            partition by outcome_type, administration_id, onset_date
            order by grade desc, assessed_date asc, administration_id asc
        ) as worst_no
    from begun
    where worst_grade = 0 or onset_date is not null
)

select
    {{ surrogate_key(["'outcome'", 'outcome_type', "'astct'", 'administration_id', 'onset_date']) }} as outcome_id,
    outcome_type,
    min(subject_id) as subject_id,
    min(journey_id) as journey_id,
    administration_id,
    min(infused_date) as infused_date,
    max(case when worst_no = 1 then site_id end) as site_id,
    max(grade) as grade,
    onset_date,
    min(case when grade = 0 and onset_date is not null then assessed_date end) as offset_date,
    max(assessed_date) as assessed_date,
    max(grade) = 0 as is_censored,
    max(case when worst_no = 1 and is_lower_bound then 1 else 0 end) = 1 as is_lower_bound,
    max(case when worst_no = 1 then source_delivery end) as source_delivery,
    max(case when worst_no = 1 then source_row end) as source_row,
    min(component_id) as component_id
from worst_first
group by outcome_type, administration_id, onset_date
