-- One row per person of the partner's treatments whose cytokine release was graded by the consensus scale: the worst grade after an infusion.
with handled as (
    select journey_id
    from handoff
    where $party in (sender_party_id, receiver_party_id)
    union
    select collection.journey_id
    from collection
    inner join site on collection.site_id = site.site_id
    where site.party_id = $party
)

select
    outcome.subject_id,
    max(outcome.grade) as worst_grade
from handled
inner join outcome on handled.journey_id = outcome.journey_id
where outcome.outcome_type = 'crs' and outcome.scale_code = 'astct' and outcome.grade is not null
group by outcome.subject_id
