-- One row per patient: the first batch for them that ended before $begin, whose manufacturer it is, and its categories as of that day.
with made as (
    select
        batch.*,
        row_number() over (
            partition by batch.recipient_subject_id
            order by batch.ended_date asc, batch.batch_id asc
        ) as rank_no
    from batch
    where batch.recipient_subject_id is not null and batch.ended_date < $begin
),

-- of several manufacturers that tell of a batch it is counted for one; the others know it (knowing.sql)
maker as (
    select
        told.subject,
        min(told.legal_entity) as contributor
    from knowing as told
    inner join party on told.party_id = party.party_id
    where list_contains(string_split(party.roles, ', '), 'manufacturer')
    group by told.subject
),

begun as (
    select
        batch_id,
        min(occurred_at_utc) as begun_at_utc
    from event
    where
        event_type in (
            'manufacturing_started', 'starting_material_thawed', 'selection_completed', 'activation_started', 'transduction_or_editing'
        )
        and coalesce(status_code, '') not in (
            'entered_in_error', 'not_done', 'cancelled', 'refuted', 'planned', 'preparation', 'draft'
        )
    group by batch_id
),

collected as (
    select
        source.batch_id,
        max(collection.ended_at_utc) as collected_at_utc
    from batch_collection as source
    inner join collection on source.collection_id = collection.collection_id
    group by source.batch_id
),

tested as (
    select
        batch_id,
        min(case when measurement = 'dp_viability' and comparator is null then value end) as viability,
        max(case when verdict_code = 'fail' then 1 else 0 end) as fails,
        max(case when verdict_code = 'pass' then 1 else 0 end) as passes
    from measurement
    where superseded_by_measurement_id is null and coalesce(occurred_date < $begin, true)
    group by batch_id
),

-- an order has one journey
treated as (
    select
        therapy_order_id,
        min(modality_code) as modality_code,
        min(first_infusion_date) as infused_date,
        min(vein_to_vein_last_days) as vein_to_vein_days
    from journey
    where therapy_order_id is not null
    group by therapy_order_id
)

select
    'batch' as population,
    made.batch_id as subject,
    maker.contributor,
    case when treated.modality_code in ('auto_cart', 'ghsc') then treated.modality_code else 'other or not stated' end as modality,
    case
        when treated.therapy_order_id is null then 'not stated'
        when coalesce(treated.infused_date >= $begin, true) then 'not infused'
        when coalesce(treated.vein_to_vein_days < 0, true) then 'not stated'
        when treated.vein_to_vein_days < 21 then 'below 21 d'
        when treated.vein_to_vein_days < 28 then '21 to 28 d'
        when treated.vein_to_vein_days < 42 then '28 to 42 d'
        else '42 d and more'
    end as vein_to_vein_band,
    case
        when coalesce(begun.begun_at_utc < collected.collected_at_utc, true) then 'not stated'
        when begun.begun_at_utc < collected.collected_at_utc + interval 24 hour then 'below 24 h'
        when begun.begun_at_utc < collected.collected_at_utc + interval 48 hour then '24 to 48 h'
        else '48 h and more'
    end as hold_band,
    case
        when tested.fails = 1 or made.disposition_code in ('out_of_specification', 'terminated', 'rejected')
            then 'out of specification or terminated'
        when tested.passes = 1 or made.disposition_code in ('released', 'conditional') then 'within specification'
        else 'not stated'
    end as verdict,
    case
        when tested.viability is null then 'not stated'
        when tested.viability < 80 then 'below 80 %'
        when tested.viability < 90 then '80 to 90 %'
        else '90 % and more'
    end as viability_band
from made
inner join maker on made.batch_id = maker.subject
left join treated on made.therapy_order_id = treated.therapy_order_id
left join begun on made.batch_id = begun.batch_id
left join collected on made.batch_id = collected.batch_id
left join tested on made.batch_id = tested.batch_id
where made.rank_no = 1
