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
),

everything as (
    select
        placed.outcome_id,
        placed.outcome_type,
        'stated' as basis_code,
        placed.subject_id,
        coalesce(
            placed.own_journey_id, case when candidate.started_date <= placed.known_date then candidate.journey_id end
        ) as journey_id,
        candidate.administration_id,
        placed.batch_id,
        placed.site_id,
        placed.scale_code,
        placed.grade,
        cast(null as {{ type_of('boolean') }}) as is_lower_bound,
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

    {%- for relation, basis, scale in [('int_outcome__graded', 'graded', 'astct'), ('int_outcome__engrafted', 'counted', none)] %}

    union all

    select
        outcome_id,
        outcome_type,
        '{{ basis }}' as basis_code,
        subject_id,
        journey_id,
        administration_id,
        cast(null as {{ type_of('text') }}) as batch_id,
        site_id,
        {{ text_literal(scale) }} as scale_code,
        {{ 'grade' if scale else 'cast(null as ' ~ type_of('integer') ~ ') as grade' }},
        {{ 'is_lower_bound' if scale else 'cast(null as ' ~ type_of('boolean') ~ ') as is_lower_bound' }},
        {{ 'cast(null as ' ~ type_of('text') ~ ') as value_code' if scale else 'value_code' }},
        cast(null as {{ type_of('number') }}) as value,
        cast(null as {{ type_of('text') }}) as unit,
        onset_date,
        {{ 'offset_date' if scale else 'cast(null as date) as offset_date' }},
        assessed_date,
        {{ days_between('infused_date', 'coalesce(onset_date, assessed_date)') }} as day_from_infusion,
        is_censored,
        false as is_never,
        'ok' as value_status,
        source_delivery,
        source_row,
        component_id
    from {{ ref(relation) }}
    -- here, since a step is no table of its own and knows of no increment
    where {{ only_touched() }}
    {%- endfor %}
),

-- how long a person is known to have been followed after an infusion, for what never came in that time
followed as (
    select
        subject_id,
        administration_id,
        max(day_from_infusion) as followed_days
    from everything
    where outcome_type = 'survival'
    group by subject_id, administration_id
)

select
    everything.outcome_id,
    everything.outcome_type,
    everything.basis_code,
    everything.subject_id,
    everything.journey_id,
    everything.administration_id,
    everything.batch_id,
    everything.site_id,
    everything.scale_code,
    everything.grade,
    everything.is_lower_bound,
    everything.value_code,
    everything.value,
    everything.unit,
    everything.onset_date,
    everything.offset_date,
    everything.assessed_date,
    everything.day_from_infusion,
    case
        when everything.is_censored is not null then coalesce(everything.day_from_infusion, followed.followed_days)
    end as time_to_event_days,
    everything.is_censored,
    everything.is_never,
    everything.value_status,
    everything.source_delivery,
    everything.source_row,
    everything.component_id
from everything
left join followed
    on everything.subject_id = followed.subject_id and everything.administration_id = followed.administration_id
