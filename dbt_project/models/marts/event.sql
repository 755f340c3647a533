{{ config(pre_hook="{{ delete_touched() }}") }}

with statement as (
    select
        said.*,
        of_bag.product_id,
        {{ therapy_order_key('said.coi_id', 'said.order_id', 'named.coi_id') }} as therapy_order_id,
        row_number() over (
            partition by said.event_id
            order by
                case when {{ stands('said.status') }} then 0 else 1 end asc,
                {{ precision_rank('said.occurred_precision') }} asc,
                case when said.event_type = 'infusion_completed' then said.occurred_at_utc end desc nulls last,
                said.occurred_at_utc asc nulls last,
                said.event_statement_id asc
        ) as rank_no
    from {{ ref('int_event__resolved') }} as said
    left join {{ ref('int_therapy_order__named') }} as named on said.order_id = named.order_id
    left join {{ ref('int_event__of_bag') }} as of_bag on said.event_statement_id = of_bag.event_statement_id
    where {{ only_touched('said.component_id') }}
),

stated as (
    select
        event_id,
        min(event_type) as event_type,
        {{ first_said('subject_id') }} as subject_id,
        {{ first_said('therapy_order_id') }} as therapy_order_id,
        {{ first_said('collection_id') }} as collection_id,
        {{ agreed('product_id') }} as product_id,
        {{ first_said('administration_id') }} as administration_id,
        {{ first_said('batch_id') }} as batch_id,
        {{ first_said('lot_id') }} as lot_id,
        {{ first_said('sscc_id') }} as sscc_id,
        {{ first_said('from_party_id') }} as from_party_id,
        {{ first_said('to_party_id') }} as to_party_id,
        {{ first_said('site_id') }} as site_id,
        {{ time_first_said('occurred') }},
        max(case when rank_no = 1 then recorded_at_utc end) as recorded_at_utc,
        {{ first_said('detail_code') }} as detail_code,
        max(case when rank_no = 1 then status end) as status_code,
        max(case when rank_no = 1 then source_delivery end) as source_delivery,
        max(case when rank_no = 1 then source_row end) as source_row,
        min(component_id) as component_id
    from statement
    group by event_id
),

-- a certificate takes the place of the last that its laboratory issued for the batch before it: an interim one is not the last word
replaced as (
    select
        event_id,
        lag(event_id) over (partition by batch_id, lot_id, from_party_id order by occurred_at_utc asc, event_id asc) as superseded_event_id
    from stated
    where event_type = 'qc_result_reported' and batch_id is not null and occurred_at_utc is not null and {{ stands('status_code') }}
)

select
    stated.event_id,
    stated.event_type,
    stated.subject_id,
    stated.therapy_order_id,
    stated.collection_id,
    stated.product_id,
    stated.batch_id,
    stated.administration_id,
    case when stated.lot_id is not null then {{ surrogate_key(["'dose_unit'", 'stated.lot_id']) }} end as dose_unit_id,
    shipment.shipment_id,
    stated.from_party_id,
    stated.to_party_id,
    stated.site_id,
    {{ time_of('occurred', relation='stated') }},
    stated.recorded_at_utc,
    {{ whole_years('age.birth_date', 'stated.occurred_date') }} as age_years,
    stated.detail_code,
    stated.status_code,
    replaced.superseded_event_id as supersedes_event_id,
    stated.source_delivery,
    stated.source_row,
    stated.component_id
from stated
left join replaced on stated.event_id = replaced.event_id
-- of a container of which nothing stands there is no shipment
left join {{ ref('int_shipment__stated') }} as shipment on stated.sscc_id = shipment.sscc_id
left join {{ ref('int_subject__age') }} as age on stated.subject_id = age.subject_id
