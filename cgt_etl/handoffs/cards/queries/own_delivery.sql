-- One row per feed of the partner: what was delivered and what became of it.
select
    feed,
    count(*) as file_count,
    count(case when status_code = 'refused' then 1 end) as refused_count,
    coalesce(sum(unit_count), 0) as unit_count,
    coalesce(sum(accepted_unit_count), 0) as accepted_unit_count,
    coalesce(sum(set_aside_unit_count), 0) as set_aside_unit_count
from delivery
where party_id = $party
group by feed
