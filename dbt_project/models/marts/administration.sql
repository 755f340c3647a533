{{ config(pre_hook="{{ delete_touched() }}") }}

with statement as (
    select
        said.*,
        {{ therapy_order_key('said.coi_id', 'said.order_id', 'named.coi_id') }} as therapy_order_id,
        row_number() over (
            partition by said.administration_id
            order by
                {{ precision_rank('said.started_precision') }} asc,
                said.started_at_utc asc nulls last,
                said.administration_statement_id asc
        ) as rank_no,
        row_number() over (
            partition by said.administration_id
            order by
                {{ precision_rank('said.ended_precision') }} asc,
                said.ended_at_utc desc nulls last,
                said.administration_statement_id asc
        ) as end_rank_no
    from {{ ref('int_administration__resolved') }} as said
    left join {{ ref('int_therapy_order__named') }} as named on said.order_id = named.order_id
    where said.is_given and {{ only_touched('said.component_id') }}
),

stated as (
    select
        administration_id,
        {{ first_said('subject_id') }} as subject_id,
        {{ first_said('therapy_order_id') }} as therapy_order_id,
        {{ first_said('product_name_code') }} as product_name_code,
        {{ first_said('site_id') }} as site_id,
        {{ time_first_said('started') }},
        {{ time_first_said('ended', rank='end_rank_no') }},
        {{ all_true('is_entire_volume_given') }} as has_entire_volume,
        min(component_id) as component_id
    from statement
    group by administration_id
),

-- Components of one dose are records of their own, told apart by their lots: what one party's feed says of each lot is added. A feed that
-- leaves a component without a dose has no sum.
component as (
    select
        administration_id,
        party_id,
        source_object,
        coalesce(lot_id, administration_statement_id) as component_key,
        min(rank_no) as rank_no,
        {{ first_said("case when dose_measurement = 'dose_infused_abs' then dose_value end") }} as cells_10_6,
        {{ first_said("case when dose_measurement = 'dose_infused_per_kg' then dose_value end") }} as per_kg_10_6
    from statement
    group by administration_id, party_id, source_object, coalesce(lot_id, administration_statement_id)
),

dose_of_feed as (
    select
        administration_id,
        party_id,
        source_object,
        min(rank_no) as rank_no,
        {{ complete_sum('cells_10_6') }} as cells_10_6,
        {{ complete_sum('per_kg_10_6') }} as per_kg_10_6
    from component
    group by administration_id, party_id, source_object
),

dose as (
    select
        administration_id,
        {{ first_said('cells_10_6') }} as cells_given_10_6,
        {{ first_said('per_kg_10_6') }} as stated_dose_per_kg_10_6
    from dose_of_feed
    group by administration_id
),

-- Weight that a record of the infusion itself states.
weight as (
    select
        administration_id,
        {{ first_said('value', 'measurement_statement_id') }} as recipient_weight_kg
    from {{ ref('int_measurement__resolved') }}
    where measurement = 'body_weight' and subject_role = 'patient' and administration_id is not null and comparator is null
    group by administration_id
),

-- else the last one before the infusion; never the donor's
weighed as (
    select
        stated.administration_id,
        measured.value as recipient_weight_kg,
        row_number() over (
            partition by stated.administration_id
            order by measured.occurred_date desc, measured.occurred_at_utc desc nulls last, measured.measurement_statement_id asc
        ) as rank_no
    from stated
    inner join {{ ref('int_measurement__resolved') }} as measured on stated.subject_id = measured.subject_id
    where
        measured.measurement = 'body_weight'
        and measured.subject_role = 'patient'
        and measured.comparator is null
        and measured.value is not null
        and {{ stands('measured.status') }}
        and measured.occurred_date <= stated.started_date
),

dosed as (
    select
        stated.administration_id,
        coalesce(weight.recipient_weight_kg, weighed.recipient_weight_kg) as recipient_weight_kg,
        case
            when weight.recipient_weight_kg is not null then 'stated_for_dosing'
            when weighed.recipient_weight_kg is not null then 'last_before_infusion'
        end as weight_basis_code
    from stated
    left join weight on stated.administration_id = weight.administration_id
    left join weighed on stated.administration_id = weighed.administration_id and weighed.rank_no = 1
),

-- the latest exception that was approved for the recipient before the infusion
approved as (
    select
        stated.administration_id,
        said.detail_code as pathway_code,
        row_number() over (
            partition by stated.administration_id order by said.occurred_date desc, said.event_statement_id asc
        ) as rank_no
    from stated
    inner join {{ ref('int_event__resolved') }} as said on stated.subject_id = said.subject_id
    where
        said.event_type = 'out_of_specification_pathway_approved'
        and said.detail_code is not null
        and said.occurred_date <= stated.started_date
        and {{ stands('said.status') }}
),

begun as (
    select
        journey_id,
        min(started_date) as begun_date
    from {{ ref('collection') }}
    group by journey_id
),

candidate as (
    select
        stated.administration_id,
        keyed.journey_id,
        row_number() over (
            partition by stated.administration_id
            order by
                case when keyed.therapy_order_id = stated.therapy_order_id then 0 else 1 end asc,
                case when begun.begun_date <= stated.started_date then begun.begun_date end desc nulls last,
                begun.begun_date asc nulls last,
                keyed.journey_id asc
        ) as rank_no
    from stated
    inner join {{ ref('int_journey__keyed') }} as keyed on stated.subject_id = keyed.subject_id
    left join begun on keyed.journey_id = begun.journey_id
)

select
    stated.administration_id,
    stated.subject_id,
    stated.therapy_order_id,
    candidate.journey_id,
    stated.product_name_code,
    stated.site_id,
    {{ time_of('started', relation='stated') }},
    {{ time_of('ended', relation='stated') }},
    stated.has_entire_volume,
    dose.cells_given_10_6,
    coalesce(
        dose.stated_dose_per_kg_10_6, round(dose.cells_given_10_6 / nullif(dosed.recipient_weight_kg, 0), 6)
    ) as dose_per_kg_10_6,
    dosed.recipient_weight_kg,
    dosed.weight_basis_code,
    case
        when stated.started_precision in ('second', 'minute')
            then round(
                cast(substring(stated.started_local, 12, 2) as {{ type_of('integer') }})
                + cast(substring(stated.started_local, 15, 2) as {{ type_of('integer') }}) / 60.0, 6
            )
    end as started_local_hour,
    approved.pathway_code,
    stated.component_id
from stated
left join dose on stated.administration_id = dose.administration_id
left join dosed on stated.administration_id = dosed.administration_id
left join approved on stated.administration_id = approved.administration_id and approved.rank_no = 1
left join candidate on stated.administration_id = candidate.administration_id and candidate.rank_no = 1
