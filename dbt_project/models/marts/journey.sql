{{ config(pre_hook="{{ delete_touched() }}") }}

with keyed as (
    select
        journey_id,
        min(subject_id) as subject_id,
        min(case when therapy_order_id = leader_id then therapy_order_id end) as therapy_order_id,
        min(component_id) as component_id
    from {{ ref('int_journey__keyed') }}
    where {{ only_touched() }}
    group by journey_id
),

ordered as (
    select
        keyed.journey_id,
        {{ agreed('ordered.product_name_code') }} as product_name_code,
        {{ any_true('ordered.coi_id is not null') }} as has_coi
    from {{ ref('int_journey__keyed') }} as keyed
    inner join {{ ref('therapy_order') }} as ordered on keyed.therapy_order_id = ordered.therapy_order_id
    group by keyed.journey_id
),

infused as (
    select
        journey_id,
        count(*) as infusion_count,
        min(started_date) as first_infusion_date,
        {{ agreed('product_name_code') }} as product_name_code
    from {{ ref('administration') }}
    where journey_id is not null
    group by journey_id
),

collected as (
    select
        collection.journey_id,
        count(*) as collection_count,
        -- cord blood was banked for nobody, at a birth years ago: no vein-to-vein time starts there
        min(case when coalesce(collection.collection_type_code, '') <> 'cord' then collection.started_date end) as first_collection_date,
        max(
            case
                when
                    coalesce(collection.collection_type_code, '') <> 'cord'
                    and (infused.first_infusion_date is null or collection.started_date <= infused.first_infusion_date)
                    then collection.started_date
            end
        ) as last_collection_date,
        {{ any_true("collection.is_autologous and coalesce(collection.collection_type_code, 'apheresis') = 'apheresis'") }}
            as has_autologous_apheresis,
        {{ any_true("collection.is_autologous and collection.procedure_type_code = 'hpc_collection'") }} as has_autologous_stem_cells,
        count(collection.collection_type_code) as typed_count
    from {{ ref('collection') }} as collection
    left join infused on collection.journey_id = infused.journey_id
    where collection.journey_id is not null
    group by collection.journey_id
),

manufactured as (
    select
        keyed.journey_id,
        count(distinct batch.batch_id) as attempt_count
    from {{ ref('int_journey__keyed') }} as keyed
    inner join {{ ref('batch') }} as batch on keyed.therapy_order_id = batch.therapy_order_id
    group by keyed.journey_id
),

-- Batches that name no order belong to the recipient's only journey.
only_journey as (
    select
        subject_id,
        min(journey_id) as journey_id
    from {{ ref('int_journey__keyed') }}
    group by subject_id
    having count(distinct journey_id) = 1
),

manufactured_unnamed as (
    select
        only_journey.journey_id,
        count(distinct batch.batch_id) as attempt_count
    from only_journey
    inner join {{ ref('batch') }} as batch on only_journey.subject_id = batch.recipient_subject_id
    where batch.therapy_order_id is null
    group by only_journey.journey_id
),

-- a graft is given by its donation number
grafted as (
    select distinct given.journey_id
    from {{ ref('administration') }} as given
    inner join {{ ref('int_event__resolved') }} as said on given.administration_id = said.administration_id
    where
        given.journey_id is not null
        and said.event_type = 'infusion_started'
        and said.din_id is not null
        and {{ stands('said.status') }}
),

engrafted as (
    select distinct subject_id
    from {{ ref('int_outcome__resolved') }}
    where outcome_type in ('neutrophil_engraftment', 'platelet_engraftment')
),

diagnosed as (
    select
        subject_id,
        {{ agreed('indication_code') }} as indication_code
    from {{ ref('int_diagnosis__resolved') }}
    where {{ stands('verification_status') }}
    group by subject_id
),

-- lines that a record counts before the therapy, as last stated up to its first infusion
treated as (
    select
        keyed.journey_id,
        said.value as prior_lines,
        row_number() over (
            partition by keyed.journey_id order by said.occurred_date desc nulls last, said.measurement_statement_id asc
        ) as rank_no
    from keyed
    inner join {{ ref('int_measurement__resolved') }} as said on keyed.subject_id = said.subject_id
    left join infused on keyed.journey_id = infused.journey_id
    where
        said.measurement = 'prior_lines'
        and said.value is not null
        and said.comparator is null
        and {{ stands('said.status') }}
        and (infused.first_infusion_date is null or said.occurred_date <= infused.first_infusion_date)
),

joined as (
    select
        keyed.journey_id,
        keyed.subject_id,
        keyed.therapy_order_id,
        ordered.has_coi,
        coalesce(collected.has_autologous_apheresis, false) as has_autologous_apheresis,
        coalesce(collected.has_autologous_stem_cells, false) as has_autologous_stem_cells,
        coalesce(collected.typed_count, 0) as typed_count,
        engrafted.subject_id is not null or grafted.journey_id is not null as is_grafted,
        diagnosed.indication_code,
        treated.prior_lines,
        coalesce(infused.product_name_code, ordered.product_name_code) as product_name_code,
        coalesce(manufactured.attempt_count, 0) + coalesce(manufactured_unnamed.attempt_count, 0) as attempt_count,
        coalesce(collected.collection_count, 0) as collection_count,
        coalesce(infused.infusion_count, 0) as infusion_count,
        collected.first_collection_date,
        collected.last_collection_date,
        infused.first_infusion_date,
        age.birth_date,
        age.stated_age_years,
        subject.is_contested,
        keyed.component_id
    from keyed
    inner join {{ ref('subject') }} as subject on keyed.subject_id = subject.subject_id
    left join ordered on keyed.journey_id = ordered.journey_id
    left join infused on keyed.journey_id = infused.journey_id
    left join collected on keyed.journey_id = collected.journey_id
    left join manufactured on keyed.journey_id = manufactured.journey_id
    left join manufactured_unnamed on keyed.journey_id = manufactured_unnamed.journey_id
    left join engrafted on keyed.subject_id = engrafted.subject_id
    left join grafted on keyed.journey_id = grafted.journey_id
    left join diagnosed on keyed.subject_id = diagnosed.subject_id
    left join treated on keyed.journey_id = treated.journey_id and treated.rank_no = 1
    left join {{ ref('int_subject__age') }} as age on keyed.subject_id = age.subject_id
),

-- what a product is, says more than what is on record of its making
told as (
    select
        joined.*,
        {{ mapped('joined.product_name_code', 'product_modality') }} as product_modality_code
    from joined
)

select
    journey_id,
    subject_id,
    therapy_order_id,
    case
        when product_modality_code is not null then product_modality_code
        when has_coi and has_autologous_stem_cells then 'ghsc'
        when has_coi and has_autologous_apheresis then 'auto_cart'
        when therapy_order_id is null and product_name_code is null and (typed_count > 0 or is_grafted) then 'hsct'
    end as modality_code,
    indication_code,
    product_name_code,
    cast(prior_lines + 1 as {{ type_of('integer') }}) as line_of_therapy,
    case
        when infusion_count > 0 then 'infused'
        when attempt_count > 0 then 'manufactured'
        when collection_count > 0 then 'collected'
        when therapy_order_id is not null then 'ordered'
        else 'registered'
    end as status_code,
    attempt_count,
    collection_count,
    infusion_count,
    first_collection_date,
    last_collection_date,
    first_infusion_date,
    {{ days_between('first_collection_date', 'first_infusion_date') }} as vein_to_vein_first_days,
    {{ days_between('last_collection_date', 'first_infusion_date') }} as vein_to_vein_last_days,
    coalesce(
        {{ whole_years('birth_date', 'coalesce(first_infusion_date, first_collection_date)') }},
        cast(floor(stated_age_years) as {{ type_of('integer') }})
    ) as age_years,
    is_contested,
    component_id
from told
