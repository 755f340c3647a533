-- One row per span that ended and whose hours it is: the stages of handoffs, and the making of batches.
select
    transition_code as transition,
    handoff_code,
    stage_code as stage,
    transition_id,
    party_id,
    site_id,
    coalesce(product_name_code, 'unknown') as product_code,
    entered_at_utc as begun_at_utc,
    ended_at_utc as done_at_utc,
    duration_h as hours,
    limit_h
from transition
where status_code = 'ended' and party_id is not null
