{{ config(pre_hook="{{ delete_touched() }}") }}

with stated as (
    select
        said.*,
        said.outcome_statement_id as outcome_id,
        coalesce(said.onset_date, said.assessed_date) as known_date,
        {{ therapy_order_key('said.coi_id') }} as therapy_order_id
    from {{ ref('int_outcome__resolved') }} as said
    where {{ only_touched('said.component_id') }}
),

placed as (
    select
        stated.*,
        coalesce(named.journey_id, given.journey_id, only_one.journey_id) as own_journey_id
    from stated
    left join {{ ref('int_order__journey') }} as named on stated.therapy_order_id = named.therapy_order_id
    left join {{ ref('administration') }} as given on stated.administration_id = given.administration_id
    left join {{ ref('int_subject__journey') }} as only_one on stated.subject_id = only_one.subject_id
),

-- Infusions that the outcome may follow: the latest at or before it, else the first.
candidate as (
    select
        placed.outcome_id,
        given.administration_id,
        given.journey_id,
        given.started_date,
        row_number() over (
            partition by placed.outcome_id
            order by
                case when given.administration_id = placed.administration_id then 0 else 1 end asc,
                case when given.started_date <= placed.known_date then given.started_date end desc nulls last,
                given.started_date asc nulls last,
                given.administration_id asc
        ) as rank_no
    from placed
    inner join {{ ref('administration') }} as given
        on
            placed.subject_id = given.subject_id
            and coalesce(placed.own_journey_id, given.journey_id) = given.journey_id
)

select
    placed.outcome_id,
    placed.outcome_type,
    placed.subject_id,
    coalesce(placed.own_journey_id, case when candidate.started_date <= placed.known_date then candidate.journey_id end) as journey_id,
    candidate.administration_id,
    placed.batch_id,
    placed.site_id,
    placed.scale_code,
    placed.grade,
    placed.value_code,
    placed.value,
    placed.unit,
    placed.onset_date,
    placed.offset_date,
    placed.assessed_date,
    coalesce(
        cast(round(placed.days_from_administration, 0) as {{ type_of('integer') }}),
        {{ days_between('candidate.started_date', 'placed.known_date') }}
    ) as day_from_infusion,
    case when placed.value_status = 'never' then true else placed.is_censored end as is_censored,
    coalesce(placed.value_status = 'never', false) as is_never,
    placed.value_status,
    placed.source_delivery,
    placed.source_row,
    placed.component_id
from placed
left join candidate on placed.outcome_id = candidate.outcome_id and candidate.rank_no = 1
