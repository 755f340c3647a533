-- One row per figure that could not be computed: what was not captured, by which side, in how many of how many cases.
with run as (
    select collection.*
    from collection
    inner join site on collection.site_id = site.site_id
    where site.party_id = $party and collection.collection_type_code = 'apheresis'
),

made as (
    select distinct
        batch.batch_id,
        batch.seeded_cells_10_6,
        batch.harvested_cells_10_6,
        batch.disposition_code
    from batch
    inner join event on batch.batch_id = event.batch_id
    inner join site on event.site_id = site.site_id
    where site.party_id = $party and event.event_type in ('selection_completed', 'harvest_completed', 'drug_product_filled')
),

given as (
    select administration.*
    from administration
    inner join site on administration.site_id = site.site_id
    inner join party on site.party_id = party.party_id
    -- a registry repeats what a hospital tells, by the day
    where site.party_id = $party and party.roles not like '%registry%'
),

own as (
    select
        handoff.*,
        coalesce(sender_party_id = $party, false) as is_given
    from handoff
    where $party in (sender_party_id, receiver_party_id)
),

lacking as (
    select
        'CE1' as blocks,
        'post_counts' as missing,
        'own' as side,
        count(case when post_cd3_per_ul is null then 1 end) as missing_count,
        count(*) as of_count
    from run
    where cd3_yield_10_9 is not null or pre_cd3_per_ul is not null
    union all
    select
        'CE1' as blocks,
        'blood_processed' as missing,
        'own' as side,
        count(case when whole_blood_processed_ml is null then 1 end) as missing_count,
        count(*) as of_count
    from run
    where cd3_yield_10_9 is not null or pre_cd3_per_ul is not null
    union all
    select
        'CE2' as blocks,
        'pre_counts' as missing,
        'own' as side,
        count(case when coalesce(pre_cd3_per_ul, pre_cd34_per_ul) is null then 1 end) as missing_count,
        count(*) as of_count
    from run
    union all
    select
        'hold' as blocks,
        'end_of_collection' as missing,
        'own' as side,
        count(case when ended_at_utc is null then 1 end) as missing_count,
        count(*) as of_count
    from run
    union all
    select
        'expansion' as blocks,
        'seeded_cells' as missing,
        'own' as side,
        count(case when seeded_cells_10_6 is null then 1 end) as missing_count,
        count(*) as of_count
    from made
    union all
    select
        'expansion' as blocks,
        'harvested_cells' as missing,
        'own' as side,
        count(case when harvested_cells_10_6 is null then 1 end) as missing_count,
        count(*) as of_count
    from made
    union all
    select
        'yield_of_batches' as blocks,
        'disposition' as missing,
        'own' as side,
        count(case when disposition_code is null then 1 end) as missing_count,
        count(*) as of_count
    from made
    union all
    select
        'hour_of_infusion' as blocks,
        'infusion_time' as missing,
        'own' as side,
        count(case when started_at_utc is null then 1 end) as missing_count,
        count(*) as of_count
    from given
    union all
    select
        'dose' as blocks,
        'cells_given' as missing,
        'own' as side,
        count(case when cells_given_10_6 is null then 1 end) as missing_count,
        count(*) as of_count
    from given
    union all
    select
        'hours_on_the_way' as blocks,
        'giving_time' as missing,
        case when is_given then 'own' else 'other' end as side,
        count(case when sent_at_utc is null then 1 end) as missing_count,
        count(*) as of_count
    from own
    group by is_given
    union all
    select
        'hours_on_the_way' as blocks,
        'receiving_time' as missing,
        case when is_given then 'other' else 'own' end as side,
        count(case when received_at_utc is null then 1 end) as missing_count,
        count(*) as of_count
    from own
    where status_code = 'received' and handoff_code <> 'H10'
    group by is_given
    union all
    select
        'cells_compared' as blocks,
        'giver_cells' as missing,
        case when is_given then 'own' else 'other' end as side,
        count(case when sender_cells_10_9 is null then 1 end) as missing_count,
        count(*) as of_count
    from own
    where handoff_code = 'H05'
    group by is_given
    union all
    select
        'cells_compared' as blocks,
        'receiver_cells' as missing,
        case when is_given then 'other' else 'own' end as side,
        count(case when receiver_cells_10_9 is null then 1 end) as missing_count,
        count(*) as of_count
    from own
    where handoff_code = 'H05'
    group by is_given
    union all
    select
        'temperature' as blocks,
        'minutes_outside' as missing,
        case when is_given then 'own' else 'other' end as side,
        count(case when temperature_verdict = 'unknown' then 1 end) as missing_count,
        count(*) as of_count
    from own
    where handoff_code in ('H08', 'H14', 'H18', 'H19', 'H20')
    group by is_given
    union all
    select
        'seals_papers' as blocks,
        'custody_record' as missing,
        -- the carrier's record: it receives from the origin, and gives to everybody else
        case when is_given = (handoff_code not in ('H07', 'H13')) then 'own' else 'other' end as side,
        count(case when seal_verdict = 'unknown' and papers_verdict = 'unknown' then 1 end) as missing_count,
        count(*) as of_count
    from own
    where handoff_code in ('H07', 'H08', 'H13', 'H14', 'H18', 'H19', 'H20')
    group by is_given = (handoff_code not in ('H07', 'H13'))
)

select
    blocks,
    missing,
    side,
    missing_count,
    of_count
from lacking
where missing_count > 0
order by side = 'own' desc, side, missing_count desc, blocks, missing
